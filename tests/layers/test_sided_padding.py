"""pad_t, pad_l, pad_b, pad_r, against loops over planes that numpy pads."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps

from .one_layer import draw, draw_gradient, net_with

SHAPE = (2, 3, 7, 9)
BACKENDS = {"portable": Ops, "cpu": CpuOps}
SIDES = [(1, 0, 2, 1), (0, 1, 0, 1), (2, 2, 0, 0), (0, 0, 1, 2), (1, 2, 1, 2)]
"""top, left, bottom, right"""
LOWEST = -float(np.finfo(np.float32).max)


def written(sides: tuple[int, int, int, int]) -> str:
    return " ".join(f"pad_{side}: {n}" for side, n in zip("tlbr", sides, strict=True))


def padded(x: np.ndarray, sides: tuple[int, int, int, int], value: float = 0) -> np.ndarray:
    top, left, bottom, right = sides
    return np.pad(x.astype(np.float64), ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=value)


def inner(whole: np.ndarray, sides: tuple[int, int, int, int]) -> np.ndarray:
    return whole[:, :, sides[0] : sides[0] + SHAPE[2], sides[1] : sides[1] + SHAPE[3]]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (2, 3)])
def test_convolution(kernel: int, stride: int, sides: tuple[int, int, int, int], backend: str) -> None:
    body = f"convolution_param {{ num_output: 4 kernel_size: {kernel} stride: {stride} {written(sides)} }}"
    net = net_with("Convolution", body, SHAPE, ops=BACKENDS[backend]())
    x, w, bias = draw(net)
    net.forward()
    whole = padded(x, sides)
    windows = np.lib.stride_tricks.sliding_window_view(whole, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]
    np.testing.assert_allclose(net.blobs["t0"].data, np.einsum("nchwij,kcij->nkhw", windows, w) + bias[:, None, None], atol=2e-5)
    dy = draw_gradient(net)
    net.backward()
    dx = np.zeros_like(whole)
    for row, column in np.ndindex(*dy.shape[2:]):
        place = np.s_[:, :, row * stride : row * stride + kernel, column * stride : column * stride + kernel]
        dx[place] += np.einsum("nk,kcij->ncij", dy[:, :, row, column], w)
    np.testing.assert_allclose(net.blobs["b0"].diff, inner(dx, sides), atol=2e-5)
    np.testing.assert_allclose(net.params["L"][0].diff, np.einsum("nchwij,nkhw->kcij", windows, dy), atol=2e-4)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", ["MAX", "AVE"])
@pytest.mark.parametrize("floor", [True, False])
@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (2, 3)])
def test_pooling(kernel: int, stride: int, sides: tuple[int, int, int, int], floor: bool, method: str, backend: str) -> None:
    rounding = "round_mode: FLOOR" if floor else ""
    body = f"pooling_param {{ pool: {method} kernel_size: {kernel} stride: {stride} {written(sides)} {rounding} }}"
    net = net_with("Pooling", body, SHAPE, ops=BACKENDS[backend]())
    (x,) = draw(net)
    net.forward()
    whole = padded(x, sides, LOWEST if method == "MAX" else 0)
    room = [extent - kernel for extent in whole.shape[2:]]
    out = [(r // stride if floor else -(-r // stride)) + 1 for r in room]
    out = [o - 1 if (o - 1) * stride >= n + b else o for o, n, b in zip(out, SHAPE[2:], sides[:2], strict=True)]
    y, dx = np.zeros((*SHAPE[:2], *out)), np.zeros_like(whole)
    assert net.blobs["t0"].shape == y.shape
    dy = draw_gradient(net)
    for n, c, row, column in np.ndindex(*y.shape):
        place = (n, c, *(slice(at * stride, at * stride + kernel) for at in (row, column)))
        window = whole[place]
        if method == "AVE":
            y[n, c, row, column] = window.mean()
            dx[place] += dy[n, c, row, column] / window.size
        else:
            y[n, c, row, column] = window.max()
            dx[place][np.unravel_index(window.argmax(), window.shape)] += dy[n, c, row, column]
    np.testing.assert_allclose(net.blobs["t0"].data, y, atol=1e-5)
    net.backward()
    np.testing.assert_allclose(net.blobs["b0"].diff, inner(dx, sides), atol=1e-5)


def test_zeros_on_all_sides_leave_pad_alone() -> None:
    net = net_with("Convolution", "convolution_param { num_output: 4 kernel_size: 3 pad: 1 pad_l: 0 pad_r: 0 }", SHAPE)
    assert net.blobs["t0"].shape == (2, 4, 7, 9)


@pytest.mark.parametrize(
    ("kind", "param", "message"),
    [
        ("Convolution", "num_output: 4 kernel_size: 3 pad: 1 pad_l: 1", "both pad_l and pad are written"),
        ("Convolution", "num_output: 4 kernel_size: 3 pad_h: 1 pad_w: 1 pad_b: 1", "both pad_b and pad_h and pad_w are written"),
        ("Convolution", "num_output: 4 kernel_size: 3 pad_t: -1", "pad_t is -1; it cannot be negative"),
        ("Convolution", "num_output: 4 kernel_size: 3 pad_t: 1 pad_mode: SAME", "pad_mode SAME says how much is padded; no pad_t"),
        ("Convolution", "num_output: 4 kernel_size: 3 axis: 2 pad_t: 1", "pad_t and its like are for 2 spatial axes, not 1"),
        ("Deconvolution", "num_output: 4 kernel_size: 3 pad_r: 1", "only Convolution and Pooling have pad_r"),
        ("Im2col", "kernel_size: 3 pad_r: 1", "only Convolution and Pooling have pad_r"),
        ("Pooling", "kernel_size: 3 pad: 1 pad_l: 1", "both pad_l and pad are written"),
        ("Pooling", "kernel_size: 3 pad_l: 1 pool: STOCHASTIC", "are for windows of MAX and AVE pooling"),
        ("Pooling", "global_pooling: true pad_l: 1", "are for windows of MAX and AVE pooling"),
        ("Pooling", "kernel_size: 13 pad_l: 1", "the window does not fit"),
    ],
)
def test_what_cannot_be(kind: str, param: str, message: str) -> None:
    field = "pooling_param" if kind == "Pooling" else "convolution_param"
    with pytest.raises(ModelError, match=message):
        net_with(kind, f"{field} {{ {param} }}", SHAPE)
