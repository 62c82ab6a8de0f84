"""Reduction: scalars, precision and axes that are not there."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError

from .single import layer_net


def test_the_sum_of_everything_is_a_scalar() -> None:
    net = layer_net("Reduction", bottoms=[(2, 3)])
    net.blobs["b0"].data[...] = [[2, 3, 5], [7, 11, 13]]
    net.forward()
    assert net.blobs["t0"].shape == ()
    assert net.blobs["t0"].data == 41


def test_a_loss_weight_makes_it_a_loss() -> None:
    net = layer_net("Reduction", "reduction_param { operation: MEAN coeff: 3 } loss_weight: 0.5", bottoms=[(2, 3)])
    net.blobs["b0"].data[...] = 4
    assert float(net.forward()) == pytest.approx(6)
    net.backward()
    np.testing.assert_allclose(net.blobs["b0"].diff, 0.25)


def test_asum_has_no_slope_at_zero() -> None:
    net = layer_net("Reduction", "reduction_param { operation: ASUM }", bottoms=[(3,)])
    net.blobs["b0"].data[...] = [-2, 0, 3]
    net.forward()
    net.blobs["t0"].diff[...] = 5
    net.backward()
    assert net.blobs["b0"].diff.tolist() == [-5, 0, 5]


def test_an_axis_that_is_not_there() -> None:
    with pytest.raises(ModelError, match="axis 2 of a blob with 2 axes"):
        layer_net("Reduction", "reduction_param { axis: 2 }", bottoms=[(2, 3)])
