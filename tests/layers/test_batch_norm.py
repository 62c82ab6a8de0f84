"""BatchNorm: its statistics, naively; and that nothing learns them."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps

from .one_layer import TEST, draw_gradient, net_with

BACKENDS = {"portable": Ops, "cpu": CpuOps}
GENERATOR = np.random.default_rng(2)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("in_place", [False, True])
def test_two_steps_of_statistics(backend: str, in_place: bool) -> None:
    body = "batch_norm_param { moving_average_fraction: 0.75 eps: 0.01 }"
    net = net_with("BatchNorm", body, (3, 2, 5, 7), in_place=in_place, ops=BACKENDS[backend]())
    sums = [np.zeros(2), np.zeros(2), np.zeros(1)]
    for shift in (3.0, -20.0):
        x = GENERATOR.standard_normal((3, 2, 5, 7)) * 2 + shift
        net.blobs["b0"].data[...] = x
        net.forward()
        for c in range(2):
            values = x[:, c].reshape(-1)
            mean = sum(values) / 105
            var = sum((values - mean) ** 2) / 105
            np.testing.assert_allclose(
                net.blobs["b0" if in_place else "t0"].data[:, c], (x[:, c] - mean) / np.sqrt(var + 0.01), rtol=1e-4, atol=1e-5
            )
            sums[0][c] = sums[0][c] * 0.75 + mean
            sums[1][c] = sums[1][c] * 0.75 + var * 105 / 104
        sums[2] = sums[2] * 0.75 + 1
    for blob, expected in zip(net.params["L"], sums, strict=True):
        np.testing.assert_allclose(blob.data, expected, rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("in_place", [False, True])
def test_sums_are_divided_and_constant_for_the_gradient(backend: str, in_place: bool) -> None:
    net = net_with("BatchNorm", "batch_norm_param { eps: 0.5 }", (2, 3, 5), in_place=in_place, phase=TEST, ops=BACKENDS[backend]())
    for blob, values in zip(net.params["L"], ([4, -2, 6], [1, 2, 5], [4]), strict=True):
        blob.data[...] = values
    x = GENERATOR.standard_normal((2, 3, 5))
    net.blobs["b0"].data[...] = x
    top = "b0" if in_place else "t0"
    net.forward()
    std = np.sqrt(np.array([0.25, 0.5, 1.25]) + 0.5)[:, None]
    np.testing.assert_allclose(net.blobs[top].data, (x - np.array([1, -0.5, 1.5])[:, None]) / std, rtol=1e-5, atol=1e-6)
    gradient = draw_gradient(net, top)
    net.backward()
    np.testing.assert_allclose(net.blobs["b0"].diff, gradient / std, rtol=1e-5)
    assert [blob.data.tolist() for blob in net.params["L"]] == [[4, -2, 6], [1, 2, 5], [4]]


def test_a_divisor_of_zero_gives_statistics_of_zero() -> None:
    net = net_with("BatchNorm", "batch_norm_param { eps: 0.25 }", (2, 3), phase=TEST)
    net.params["L"][0].data[...] = net.params["L"][1].data[...] = 7
    net.blobs["b0"].data[...] = [[1, 2, 3], [4, 5, 6]]
    net.forward()
    np.testing.assert_allclose(net.blobs["t0"].data, [[2, 4, 6], [8, 10, 12]])


def test_a_large_mean_does_not_drown_the_variance() -> None:
    net = net_with("BatchNorm", "", (8, 2, 16, 16))
    x = GENERATOR.standard_normal((8, 2, 16, 16))
    net.blobs["b0"].data[...] = x + 1000
    net.forward()
    x = net.blobs["b0"].data.astype(np.float64)
    expected = (x - x.mean(axis=(0, 2, 3), keepdims=True)) / np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(net.blobs["t0"].data, expected, atol=2e-3)


def test_no_solver_learns_statistics() -> None:
    net = net_with("BatchNorm", "", (2, 3, 5))
    assert [p.lr_mult for p in net.learnable] == [0, 0, 0]
    assert net.layers[-1].param_propagate_down == [False] * 3
    assert net_with("BatchNorm", "param { lr_mult: 0 } param { lr_mult: 0 decay_mult: 0 }", (2, 3)).learnable[1].decay_mult == 0
    with pytest.raises(ModelError, match="its blobs are statistics and are not learned, but lr_mult is 1"):
        net_with("BatchNorm", "param { lr_mult: 0 } param { decay_mult: 0 }", (2, 3))


def test_channels_cannot_change_after_setup() -> None:
    layer = net_with("BatchNorm", "", (2, 3, 5)).layers[-1]
    assert layer.reshape([(7, 3, 2)]) == [(7, 3, 2)]
    with pytest.raises(ModelError, match="its statistics are of 3 channels"):
        layer.reshape([(2, 5, 3)])


def test_scale_and_bias_follow_the_statistics() -> None:
    net = net_with("BatchNorm", "batch_norm_param { scale_bias: true eps: 0.5 }", (3, 2, 5, 7), ops=Ops("float64"))
    assert [blob.shape for blob in net.params["L"]] == [(2,), (2,), (1,), (2,), (2,)]
    assert [float(blob.data[0]) for blob in net.params["L"]] == [0, 0, 0, 1, 0]
    x = GENERATOR.standard_normal((3, 2, 5, 7))
    net.blobs["b0"].data[...] = x
    net.params["L"][3].data[...], net.params["L"][4].data[...] = [2, -3], [0.25, 7]
    net.forward()
    for c, (scale, bias) in enumerate([(2, 0.25), (-3, 7)]):
        wanted = (x[:, c] - x[:, c].mean()) / np.sqrt(x[:, c].var() + 0.5) * scale + bias
        np.testing.assert_allclose(net.blobs["t0"].data[:, c], wanted, rtol=1e-9, atol=1e-12)


def test_scale_and_bias_learn_and_the_statistics_do_not_whatever_is_written() -> None:
    body = "batch_norm_param { bias_filler { } } param { lr_mult: 1 } param { lr_mult: 1 } param { lr_mult: 0 } param { lr_mult: 0 }"
    net = net_with("BatchNorm", body, (3, 2, 5, 7))
    assert [p.lr_mult for p in net.graph.learned] == [0, 0, 0, 1, 1]
