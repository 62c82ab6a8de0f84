"""pad_mode SAME: TensorFlow's sizes and values, against loops that pad by its written rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text

INPUT = "layer {{ name: 'x' type: 'Input' top: 'x' input_param {{ shape {{ dim: 2 dim: 3 dim: {0} dim: {1} }} }} }}"


def net(layer: str, height: int = 8, width: int = 11, ops: Any = None) -> Net:
    message = text.parse("force_backward: true " + INPUT.format(height, width) + layer, messages.NetParameter)
    return Net(message, ops=ops or CpuOps(), phase=0, seed=1)


def conv(kernel: int, stride: int, more: str = "") -> str:
    filler = "weight_filler { type: 'gaussian' } bias_filler { type: 'gaussian' }"
    return (
        "layer { name: 'y' type: 'Convolution' bottom: 'x' top: 'y' convolution_param "
        f"{{ num_output: 2 kernel_size: {kernel} stride: {stride} pad_mode: SAME {filler} {more} }} }}"
    )


def pooling(kernel: int, stride: int, more: str = "") -> str:
    return (
        "layer { name: 'y' type: 'Pooling' bottom: 'x' top: 'y' pooling_param "
        f"{{ kernel_size: {kernel} stride: {stride} pad_mode: SAME {more} }} }}"
    )


def padded(x: np.ndarray, kernel: int, stride: int, value: float) -> tuple[np.ndarray, list[int]]:
    """TensorFlow's rule: out = ceil(in / stride); pad = max((out - 1) stride + kernel - in, 0); the smaller half before."""
    outs, pads = [], [(0, 0), (0, 0)]
    for size in x.shape[2:]:
        out = (size + stride - 1) // stride
        lacking = max((out - 1) * stride + kernel - size, 0)
        outs.append(out)
        pads.append((lacking // 2, lacking - lacking // 2))
    return np.pad(x, pads, constant_values=value), outs


@pytest.mark.parametrize("ops", [CpuOps(), Ops()], ids=["cpu", "portable"])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (2, 1), (3, 2), (5, 2), (11, 4), (1, 3), (4, 3)])
def test_convolution(kernel: int, stride: int, ops: Any) -> None:
    built = net(conv(kernel, stride), ops=ops)
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 11)).astype(np.float32)
    built.blobs["x"].data[...] = x
    built.forward()
    weight, bias = (blob.data for blob in built.layers[1].blobs)
    whole, (rows, columns) = padded(x, kernel, stride, 0)
    wanted = np.empty((2, 2, rows, columns), np.float32)
    for i in range(rows):
        for j in range(columns):
            window = whole[:, :, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
            wanted[:, :, i, j] = np.einsum("ncij,ocij->no", window, weight) + bias
    np.testing.assert_allclose(built.blobs["y"].data, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (11, 4), (4, 3)])
def test_gradient_of_convolution(kernel: int, stride: int) -> None:
    """The net is linear in x: <dy, y(d) - y(0)> is <dx, d> for any d."""
    built = net(conv(kernel, stride, "bias_term: false"))
    rng = np.random.default_rng(2)
    direction = rng.standard_normal((2, 3, 8, 11)).astype(np.float32)
    built.blobs["x"].data[...] = direction
    built.forward()
    dy = rng.standard_normal(built.blobs["y"].shape).astype(np.float32)
    built.blobs["y"].diff[...] = dy
    built.backward()
    weight = built.layers[1].blobs[0]
    wanted = (dy.astype(np.float64) * built.blobs["y"].data).sum()
    assert (built.blobs["x"].diff.astype(np.float64) * direction).sum() == pytest.approx(wanted, rel=1e-4)
    assert (weight.diff.astype(np.float64) * weight.data).sum() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (2, 2), (3, 1), (5, 3)])
def test_max_pooling(kernel: int, stride: int) -> None:
    built = net(pooling(kernel, stride))
    x = -1 - np.random.default_rng(1).random((2, 3, 8, 11), np.float32)
    built.blobs["x"].data[...] = x
    built.forward()
    whole, (rows, columns) = padded(x, kernel, stride, -np.inf)
    for i in range(rows):
        for j in range(columns):
            window = whole[:, :, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
            np.testing.assert_array_equal(built.blobs["y"].data[:, :, i, j], window.max(axis=(2, 3)))


def test_average_pooling_counts_no_padding_after_the_end() -> None:
    built = net(pooling(3, 2, "pool: AVE"), 8, 6)
    built.blobs["x"].data[...] = 5
    built.forward()
    np.testing.assert_allclose(built.blobs["y"].data, np.full((2, 3, 4, 3), 5.0))


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (conv(3, 1, "pad: 1"), "pad_mode SAME says how much is padded"),
        (pooling(3, 1, "pad: 1"), "pad_mode SAME says how much is padded"),
        (pooling(3, 1, "pool: AVE"), r"would count \(1, 1\) of padding"),
        (conv(3, 1).replace("'Convolution'", "'Deconvolution'"), "only a convolution has a pad_mode"),
        (conv(3, 1).replace("'Convolution'", "'Im2col'"), "only a convolution has a pad_mode"),
    ],
)
def test_what_does_not_go_together(layer: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        net(layer)
