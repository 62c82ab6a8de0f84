"""Activations at the ends of the number line and at their kinks."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps

from .single import layer_net

BACKENDS = [CpuOps(), Ops(), Ops("float64")]
INF = float("inf")


@pytest.mark.parametrize("ops", BACKENDS, ids=["cpu", "portable", "float64"])
@pytest.mark.parametrize(
    ("layer", "body", "xs", "ys"),
    [
        ("ReLU", "", [-INF, -0.0, INF], [0, 0, INF]),
        ("ReLU", "relu_param { negative_slope: 0.25 }", [-INF, -8, INF], [-INF, -2, INF]),
        ("ReLU6", "", [-INF, 0, 5, INF], [0, 0, 5, 6]),
        ("Sigmoid", "", [-INF, -200, 0, 200, INF], [0, 0, 0.5, 1, 1]),
        ("TanH", "", [-INF, -200, 0, 200, INF], [-1, -1, 0, 1, 1]),
        ("ELU", "elu_param { alpha: 3 }", [-INF, -200, 0, 5], [-3, -3, 0, 5]),
        ("BNLL", "", [-200, 0, 200], [0, np.log(2), 200]),
        ("Swish", "", [-200, 0, 200], [0, 0, 200]),
        ("Clip", "clip_param { min: -2 max: 3 }", [-INF, -2, 0, 3, INF], [-2, -2, 0, 3, 3]),
        ("Threshold", "threshold_param { threshold: 2 }", [1, 2, 3], [0, 0, 1]),
        ("Exp", "", [-200, 0], [0, 1]),
        ("Log", "", [0, 1], [-INF, 0]),
        ("Power", "power_param { power: -1 }", [-2, 4], [-0.5, 0.25]),
    ],
)
def test_values_at_the_ends(layer: str, body: str, xs: list[float], ys: list[float], ops: Ops) -> None:
    net = layer_net(layer, body, bottoms=[(len(xs),)], ops=ops)
    net.blobs["b0"].data[...] = xs
    net.forward()
    np.testing.assert_allclose(net.blobs["t0"].data, ys, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("ops", BACKENDS, ids=["cpu", "portable", "float64"])
@pytest.mark.parametrize(
    ("layer", "body", "xs", "slopes"),
    [
        ("ReLU", "", [-1, 0, 1], [0, 0, 1]),
        ("ReLU", "relu_param { negative_slope: 0.25 }", [-1, 0, 1], [0.25, 0.25, 1]),
        ("ReLU6", "", [0, 3, 6, 7], [0, 1, 0, 0]),
        ("ELU", "elu_param { alpha: 3 }", [0, 1], [3, 1]),
        ("AbsVal", "", [-2, 0, 3], [-1, 0, 1]),
        ("Clip", "clip_param { min: -2 max: 3 }", [-3, -2, 0, 3, 4], [0, 1, 1, 1, 0]),
        ("BNLL", "", [-200, 0, 200], [0, 0.5, 1]),
        ("Sigmoid", "", [-200, 0, 200], [0, 0.25, 0]),
        ("Power", "power_param { power: 3 }", [0, 2], [0, 12]),
    ],
)
def test_slopes_at_the_kinks(layer: str, body: str, xs: list[float], slopes: list[float], ops: Ops) -> None:
    net = layer_net(layer, body, bottoms=[(len(xs),)], ops=ops)
    net.blobs["b0"].data[...] = xs
    net.forward()
    net.blobs["t0"].diff[...] = 2
    net.backward()
    np.testing.assert_allclose(net.blobs["b0"].diff, 2 * np.array(slopes), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("layer", ["ReLU", "Sigmoid", "TanH", "ELU", "BNLL", "Swish", "Exp"])
def test_nan_stays_nan(layer: str) -> None:
    net = layer_net(layer, bottoms=[(2, 3)])
    net.blobs["b0"].data[...] = [[1, np.nan, 2], [3, 5, 7]]
    net.forward()
    assert np.isnan(net.blobs["t0"].data).tolist() == [[False, True, False], [False] * 3]


@pytest.mark.parametrize("layer", ["Log", "Power"])
def test_what_is_not_defined_is_nan_without_a_warning(layer: str) -> None:
    net = layer_net(layer, "power_param { power: 0.5 }", bottoms=[(2,)])
    net.blobs["b0"].data[...] = [-1, 4]
    net.forward()
    net.backward()
    assert np.isnan(net.blobs["t0"].data).tolist() == [True, False]


@pytest.mark.parametrize(
    ("layer", "body", "message"),
    [
        ("Clip", "", "there is no clip_param"),
        ("Exp", "exp_param { base: -2 }", "base is -2"),
        ("Exp", "exp_param { base: 0 }", "base is 0"),
        ("Log", "log_param { base: inf }", "base is inf"),
        ("Log", "log_param { base: 1 }", "no logarithm to the base 1"),
        ("Dropout", "dropout_param { dropout_ratio: 1 }", "dropout_ratio is 1.*below 1"),
        ("Dropout", "dropout_param { dropout_ratio: -0.1 }", "dropout_ratio is -0.1"),
    ],
)
def test_settings_that_cannot_be(layer: str, body: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        layer_net(layer, body, bottoms=[(2, 3)])


def test_threshold_has_no_gradient() -> None:
    net = layer_net("Threshold", bottoms=[(2, 3)])
    net.forward()
    with pytest.raises(ModelError, match="no backward pass"):
        net.backward()
