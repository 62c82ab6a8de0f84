"""Dropout: how much it drops, how it scales, and that runs repeat."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.net.net import Net

from .single import layer_net


def dropped(ratio: float, more: str = "", *, phase: int = 0) -> Net:
    net = layer_net("Dropout", f"dropout_param {{ dropout_ratio: {ratio} {more} }}", bottoms=[(97, 103)], phase=phase)
    net.blobs["b0"].data[...] = 3
    net.forward()
    return net


@pytest.mark.parametrize("ratio", [0, 0.2, 0.5, 0.9])
def test_what_is_kept_is_scaled_so_that_the_mean_stays(ratio: float) -> None:
    top = dropped(ratio).blobs["t0"].data
    kept = top != 0
    assert kept.mean() == pytest.approx(1 - ratio, abs=0.02)
    np.testing.assert_allclose(top[kept], 3 / (1 - ratio), rtol=1e-6)


def test_the_gradient_takes_the_same_way() -> None:
    net = dropped(0.3)
    net.blobs["t0"].diff[...] = 3
    net.backward()
    np.testing.assert_array_equal(net.blobs["b0"].diff, net.blobs["t0"].data)


def test_test_phase_passes_everything() -> None:
    assert (dropped(0.3, phase=1).blobs["t0"].data == 3).all()


def test_each_pass_draws_anew_and_a_resumed_run_draws_the_same() -> None:
    net = dropped(0.5)
    draws = net.draws()
    net.forward()
    second = np.array(net.blobs["t0"].data)
    net.forward()
    assert (second != net.blobs["t0"].data).any()
    net.restore_draws(draws)
    net.forward()
    np.testing.assert_array_equal(second, net.blobs["t0"].data)


def test_scaling_may_be_left_to_the_test_phase() -> None:
    trained, tested = (dropped(0.25, "scale_train: false", phase=phase).blobs["t0"].data for phase in (0, 1))
    np.testing.assert_allclose(trained[trained != 0], 3, rtol=1e-6)
    assert (trained == 0).any()
    np.testing.assert_allclose(tested, 2.25)


def test_the_test_phase_may_drop_too() -> None:
    top = dropped(0.5, "sample_weights_test: true", phase=1).blobs["t0"].data
    assert set(np.unique(top)) == {0, 6}
