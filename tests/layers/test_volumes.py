"""C3D's layers over frames, height and width, against loops."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text, upgrade

from .one_layer import draw, draw_gradient, net_with

SHAPE = (2, 3, 5, 7, 6)
BACKENDS = {"portable": Ops, "cpu": CpuOps}
CONVOLUTIONS = [
    # kernel, stride, pad: along frames, along height and width
    ((3, 2), (1, 1), (0, 0)),
    ((2, 3), (2, 3), (1, 2)),
    ((1, 1), (3, 2), (0, 0)),
    ((5, 4), (1, 2), (2, 1)),
]
POOLINGS = [
    ((2, 3), (2, 2), 0),
    ((1, 2), (1, 2), 0),
    ((3, 2), (1, 3), 0),
    ((2, 2), (3, 4), 0),
    ((5, 7), (2, 2), 0),
    ((2, 3), (2, 2), 1),
    ((3, 2), (2, 3), 3),
]


def window(kernel: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int]) -> str:
    return (
        f"kernel_depth: {kernel[0]} kernel_size: {kernel[1]} temporal_stride: {stride[0]} stride: {stride[1]} "
        f"temporal_pad: {pad[0]} pad: {pad[1]}"
    )


def convolved(x: np.ndarray, w: np.ndarray, stride: tuple[int, int], pad: tuple[int, int]) -> np.ndarray:
    """Each sum of a window of x times w, one after the other."""
    (s, t), (p, q) = stride, pad
    sizes = [(size + 2 * a - k) // b + 1 for size, a, k, b in zip(x.shape[2:], (p, q, q), w.shape[2:], (s, t, t), strict=True)]
    y = np.zeros((x.shape[0], w.shape[0], *sizes))
    for n, k, *out in np.ndindex(*y.shape):
        for c, *tap in np.ndindex(*w.shape[1:]):
            at = tuple(o * b + d - a for o, b, d, a in zip(out, (s, t, t), tap, (p, q, q), strict=True))
            if all(0 <= i < size for i, size in zip(at, x.shape[2:], strict=True)):
                y[(n, k, *out)] += x[(n, c, *at)] * w[(k, c, *tap)]
    return y


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("kernel", "stride", "pad"), CONVOLUTIONS)
def test_convolution(kernel: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int], backend: str) -> None:
    body = f"convolution3d_param {{ num_output: 4 {window(kernel, stride, pad)} }}"
    net = net_with("Convolution3D", body, SHAPE, ops=BACKENDS[backend]())
    x, w, bias = draw(net)
    assert w.shape == (4, 3, kernel[0], kernel[1], kernel[1])
    assert bias.shape == (1, 1, 1, 1, 4)
    net.forward()
    wanted = convolved(x, w, stride, pad) + bias.reshape(-1, 1, 1, 1)
    np.testing.assert_allclose(net.blobs["t0"].data, wanted, atol=2e-5)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("kernel", "stride", "pad"), CONVOLUTIONS)
def test_deconvolution_is_the_transpose_of_convolution(
    kernel: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int], backend: str
) -> None:
    body = f"convolution3d_param {{ num_output: 4 {window(kernel, stride, pad)} bias_filler {{ value: 2 }} }}"
    net = net_with("Deconvolution3D", body, SHAPE, ops=BACKENDS[backend]())
    x, w, bias = draw(net)
    assert w.shape == (3, 4, kernel[0], kernel[1], kernel[1])
    net.forward()
    top = net.blobs["t0"]
    assert top.shape == (
        *(2, 4, (5 - 1) * stride[0] + kernel[0] - 2 * pad[0]),
        *((size - 1) * stride[1] + kernel[1] - 2 * pad[1] for size in (7, 6)),
    )
    probe = np.random.default_rng(3).standard_normal(top.shape)
    plain = top.data - bias.reshape(-1, 1, 1, 1)
    np.testing.assert_allclose((plain * probe).sum(), (x * convolved(probe, w, stride, pad)).sum(), rtol=1e-4)


def pooled(x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int], pad: int, *, largest: bool) -> tuple[np.ndarray, np.ndarray]:
    """Each window pooled, one after the other; and for each how much of its gradient each element has, (*tops, *bottoms)."""
    axes = list(zip(x.shape[2:], (kernel[0], kernel[1], kernel[1]), (stride[0], stride[1], stride[1]), (0, pad, pad), strict=True))
    out = [int(np.ceil((size + 2 * p - k) / s)) + 1 for size, k, s, p in axes]
    y, share = np.zeros((*x.shape[:2], *out)), np.zeros((*x.shape[:2], *out, *x.shape[2:]))
    for place in np.ndindex(*y.shape):
        starts = [o * s - p for o, (_, _, s, p) in zip(place[2:], axes, strict=True)]
        stops = [min(start + k, size + p) for start, (size, k, _, p) in zip(starts, axes, strict=True)]
        inside = tuple(slice(max(a, 0), max(0, min(b, size))) for a, b, (size, _, _, _) in zip(starts, stops, axes, strict=True))
        elements = x[place[:2]][inside]
        if largest and elements.size:
            y[place] = elements.max()
            first = np.unravel_index(elements.argmax(), elements.shape)
            share[(*place, *(s.start + f for s, f in zip(inside, first, strict=True)))] = 1
        elif largest:
            y[place] = -np.finfo(np.float32).max
        else:
            size = np.prod([b - a for a, b in zip(starts, stops, strict=True)])
            y[place] = elements.sum() / size if size else np.nan
            share[place][inside] = 1 / size if size else np.nan
    return y, share


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", ["MAX", "AVE"])
@pytest.mark.parametrize(("kernel", "stride", "pad"), POOLINGS)
def test_pooling(kernel: tuple[int, int], stride: tuple[int, int], pad: int, method: str, backend: str) -> None:
    pad = pad if method == "AVE" else 0
    body = f"pooling3d_param {{ pool: {method} {window(kernel, stride, (0, pad)).replace('temporal_pad: 0', '')} }}"
    net = net_with("Pooling3D", body, SHAPE, ops=BACKENDS[backend]())
    (x,) = draw(net)
    net.forward()
    y, share = pooled(x, kernel, stride, pad, largest=method == "MAX")
    np.testing.assert_allclose(net.blobs["t0"].data, y, rtol=1e-5, atol=1e-6)
    dy = draw_gradient(net)
    net.backward()
    dx = np.einsum("ncpqr,ncpqrlhw->nclhw", dy, np.nan_to_num(share))
    np.testing.assert_allclose(net.blobs["b0"].diff, dx, atol=1e-5)


def test_the_first_of_several_largest_has_the_gradient() -> None:
    net = net_with("Pooling3D", "pooling3d_param { kernel_depth: 2 kernel_size: 2 }", (1, 1, 2, 2, 2))
    net.blobs["b0"].data[...] = 3
    net.forward()
    net.blobs["t0"].diff[...] = 5
    net.backward()
    assert net.blobs["b0"].diff.ravel().tolist() == [5] + [0] * 7


@pytest.mark.parametrize(
    ("kind", "param", "shape", "message"),
    [
        ("Convolution3D", "num_output: 4 kernel_depth: 3 kernel_size: 3", (2, 3, 5, 7), r"\(N, C, frames, H, W\) is wanted"),
        ("Convolution3D", "kernel_depth: 3 kernel_size: 3", SHAPE, "num_output must be at least 1"),
        ("Convolution3D", "num_output: 4 kernel_size: 3", SHAPE, "kernel_depth must be at least 1"),
        ("Convolution3D", "num_output: 4 kernel_depth: 3 kernel_size: 3 stride: 0", SHAPE, "stride must be at least 1"),
        ("Convolution3D", "num_output: 4 kernel_depth: 3 kernel_size: 3 filter_group: 3", SHAPE, "filter_group 3 does not divide"),
        ("Convolution3D", "num_output: 4 kernel_depth: 9 kernel_size: 3", SHAPE, "the window does not fit"),
        ("Deconvolution3D", "num_output: 4 kernel_depth: 1 kernel_size: 3 temporal_pad: 3", SHAPE, "the window does not fit"),
        ("Pooling3D", "kernel_size: 2", SHAPE, "kernel_depth must be at least 1"),
        ("Pooling3D", "kernel_depth: 2 kernel_size: 2 pad: 1", SHAPE, "MAX pooling of frames takes no padding"),
        ("Pooling3D", "kernel_depth: 2 kernel_size: 2 pool: STOCHASTIC", SHAPE, "STOCHASTIC pooling of frames is not known"),
        ("Pooling3D", "kernel_depth: 7 kernel_size: 2", SHAPE, "the window does not fit"),
        ("Pooling3D", "kernel_depth: 1 kernel_size: 2", (2, 3, 5, 7), r"\(N, C, frames, H, W\) is wanted"),
    ],
)
def test_what_cannot_be(kind: str, param: str, shape: tuple[int, ...], message: str) -> None:
    field = "pooling3d_param" if kind == "Pooling3D" else "convolution3d_param"
    with pytest.raises(ModelError, match=message):
        net_with(kind, f"{field} {{ {param} }}", shape)


OLD = """
input: "x" input_shape { dim: 2 dim: 3 dim: 8 dim: 12 dim: 14 }
layers { name: "c" type: CONVOLUTION3D bottom: "x" top: "c" blobs_lr: 1 blobs_lr: 2 convolution_param {
  num_output: 4 kernel_size: 3 kernel_depth: 3 pad: 1 temporal_pad: 1 weight_filler { type: "gaussian" std: 0.1 } } }
layers { name: "p" type: POOLING3D bottom: "c" top: "p" pooling_param {
  pool: MAX kernel_size: 2 kernel_depth: 2 stride: 2 temporal_stride: 2 } }
layers { name: "d" type: DECONVOLUTION3D bottom: "p" top: "d" convolution_param {
  num_output: 3 kernel_size: 4 kernel_depth: 4 stride: 2 temporal_stride: 2 pad: 1 temporal_pad: 1 } }
"""


def test_a_net_of_the_first_release() -> None:
    net = Net(upgrade.net(text.parse(OLD, messages.NetParameter, file="f")), ops=CpuOps(), phase=0)
    shapes = {name: blob.shape for name, blob in net.blobs.items()}
    assert (shapes["c"], shapes["p"], shapes["d"]) == ((2, 4, 8, 12, 14), (2, 4, 4, 6, 7), (2, 3, 8, 12, 14))
    assert [blob.shape for blob in net.params["c"]] == [(4, 3, 3, 3, 3), (1, 1, 1, 1, 4)]
    net.forward()
    assert np.isfinite(net.blobs["d"].data).all()
