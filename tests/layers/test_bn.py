"""BN against loops, in both of its definitions."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.ops.base import Ops

from .one_layer import TEST, TRAIN, draw, net_with

SHAPE = (3, 5, 2, 7)
PSPNET = "bn_param { slope_filler { value: 2 } bias_filler { value: 0.5 } momentum: 0.75 eps: 0.125 }"


def normalised(x: np.ndarray, c: int, eps: float) -> tuple[np.ndarray, float, float]:
    """A channel less its mean, over its deviation; the mean; the variance."""
    values = [float(v) for image in x for v in image[c].ravel()]
    mean = sum(values) / len(values)
    variance = sum((v - mean) ** 2 for v in values) / len(values)
    return (x[:, c] - mean) / (variance + eps) ** 0.5, mean, variance


def test_training_takes_the_batch_and_gathers_it() -> None:
    net = net_with("BN", PSPNET, SHAPE, ops=Ops("float64"))
    x, *_ = draw(net)
    slope, bias, mean, variance = (blob.data for blob in net.params["L"])
    slope[...], bias[...] = np.arange(5).reshape(1, 5, 1, 1) + 1, 0.5
    mean[...], variance[...] = 3, 7
    net.forward()
    for c in range(5):
        wanted, batch_mean, batch_variance = normalised(x, c, 0.125)
        np.testing.assert_allclose(net.blobs["t0"].data[:, c], (c + 1) * wanted + 0.5, rtol=1e-9, atol=1e-12)
        assert mean[0, c, 0, 0] == pytest.approx(0.75 * 3 + 0.25 * batch_mean)
        assert variance[0, c, 0, 0] == pytest.approx(0.75 * 7 + 0.25 * batch_variance)


@pytest.mark.parametrize(("phase", "body"), [(TEST, PSPNET), (TRAIN, PSPNET.replace("momentum", "frozen: true momentum"))])
def test_testing_and_frozen_take_what_was_gathered(phase: int, body: str) -> None:
    net = net_with("BN", body, SHAPE, phase=phase, ops=Ops("float64"))
    x, slope, bias, mean, variance = draw(net)
    variance[...] = np.abs(variance) + 0.1
    net.params["L"][3].data[...] = variance
    net.forward()
    np.testing.assert_allclose(net.blobs["t0"].data, slope * (x - mean) / np.sqrt(variance + 0.125) + bias, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(net.params["L"][2].data, mean)


def test_frozen_learns_nothing_and_begins_with_a_variance_of_1() -> None:
    body = "bn_param { frozen: true } param { lr_mult: 1 } param { lr_mult: 1 decay_mult: 1 } param { lr_mult: 0 } param { lr_mult: 3 }"
    net = net_with("BN", body, SHAPE)
    assert [p.lr_mult for p in net.graph.learned] == [0, 0, 0, 0]
    assert [p.decay_mult for p in net.graph.learned] == [0, 0, 0, 0]
    assert np.all(net.params["L"][3].data == 1)


def test_what_is_gathered_is_not_learned() -> None:
    net = net_with("BN", "param { lr_mult: 2 } param { lr_mult: 2 } param { lr_mult: 1 }", SHAPE)
    assert [p.lr_mult for p in net.graph.learned] == [2, 2, 0, 0]


@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_segnet_takes_the_batch_in_both_phases(phase: int) -> None:
    net = net_with("BN", "bn_param { scale_filler { value: 1 } shift_filler { value: 0.001 } }", SHAPE, phase=phase, ops=Ops("float64"))
    x, scale, shift = draw(net)
    net.forward()
    for c in range(5):
        wanted = scale[0, c, 0, 0] * normalised(x, c, 1e-9)[0] + shift[0, c, 0, 0]
        np.testing.assert_allclose(net.blobs["t0"].data[:, c], wanted, rtol=1e-9, atol=1e-12)


def test_segnet_tells_means_and_variances() -> None:
    net = net_with("BN", "", SHAPE, tops=3, ops=Ops("float64"))
    (x, *_) = draw(net)
    net.forward()
    assert net.blobs["t1"].shape == net.blobs["t2"].shape == (1, 5, 1, 1)
    for c in range(5):
        _, mean, variance = normalised(x, c, 0)
        assert net.blobs["t1"].data[0, c, 0, 0] == pytest.approx(mean)
        assert net.blobs["t2"].data[0, c, 0, 0] == pytest.approx(variance)


def test_segnet_inference_only_scales_and_shifts() -> None:
    net = net_with("BN", "bn_param { bn_mode: INFERENCE }", SHAPE, ops=Ops("float64"))
    x, scale, shift = draw(net)
    net.forward()
    np.testing.assert_allclose(net.blobs["t0"].data, scale * x + shift, rtol=1e-12)


def test_the_definition_shows_in_the_number_of_blobs() -> None:
    assert [b.shape for b in net_with("BN", "", SHAPE).params["L"]] == [(1, 5, 1, 1)] * 4
    assert [b.shape for b in net_with("BN", "bn_param { shift_filler { } }", SHAPE).params["L"]] == [(1, 5, 1, 1)] * 2


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ModelError, match="bn_mode INFERENCE computes no means: it has one top"):
        net_with("BN", "bn_param { bn_mode: INFERENCE }", SHAPE, tops=2)
    with pytest.raises(ModelError, match=r"the bottom has the shape \(7,\), but two axes"):
        net_with("BN", "", (7,))
