"""Losses of Caffe's forks against loops."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.testing import net_of


def loss_net(kind: str, *shapes: tuple[int, ...], tops: int = 1, body: str = "") -> Net:
    inputs = ""
    for i, shape in enumerate(shapes):
        dims = " ".join(f"dim: {d}" for d in shape)
        inputs += f'layer {{ name: "in{i}" type: "Input" top: "b{i}" input_param {{ shape {{ {dims} }} }} }}\n'
    names = " ".join([f'bottom: "b{i}"' for i in range(len(shapes))] + [f'top: "t{i}"' for i in range(tops)])
    net = net_of(f'force_backward: true\n{inputs}layer {{ name: "loss" type: "{kind}" {names} {body} }}', ops=Ops("float64"))
    generator = np.random.default_rng(3)
    for name in net.inputs:
        net.blobs[name].data[...] = 2 * generator.standard_normal(net.blobs[name].shape)
    return net


def smooth_l1(x: float) -> float:
    return x * x / 2 if abs(x) < 1 else abs(x) - 0.5


def test_smooth_l1_loss_weighs_inside_and_outside() -> None:
    net = loss_net("SmoothL1Loss", (3, 5), (3, 5), (3, 5), (3, 5))
    a, b, inside, outside = (net.blobs[f"b{i}"].data.ravel() for i in range(4))
    wanted = sum(o * smooth_l1(i * (p - q)) for p, q, i, o in zip(a, b, inside, outside, strict=True)) / 3
    assert float(net.forward()) == pytest.approx(wanted, rel=1e-12)


def test_sigma_moves_where_smooth_l1_becomes_straight() -> None:
    net = loss_net("SmoothL1Loss", (1, 3), (1, 3), body="smooth_l1_loss_param { sigma: 2 }")
    net.blobs["b0"].data[...] = [0.2, 0.25, -3]
    net.blobs["b1"].data[...] = 0
    assert float(net.forward()) == pytest.approx(4 * 0.04 / 2 + 0.125 + (3 - 0.125), rel=1e-12)
    net.backward()
    np.testing.assert_allclose(net.blobs["b0"].diff, [[0.8, 1, -1]], rtol=1e-12)


def test_sigma_of_zero() -> None:
    with pytest.raises(ModelError, match="sigma is 0; it must be above 0"):
        loss_net("SmoothL1Loss", (3, 5), (3, 5), body="smooth_l1_loss_param { sigma: 0 }")


def test_segnets_class_weights_do_not_change_the_normalizer() -> None:
    body = "loss_param { weight_by_label_freqs: true class_weighting: [3, 0.5] }"
    net = loss_net("SoftmaxWithLoss", (2, 2), (2,), body=body)
    net.blobs["b0"].data[...] = 0
    net.blobs["b1"].data[...] = [0, 1]
    assert float(net.forward()) == pytest.approx(np.log(2) * 3.5 / 2, rel=1e-12)


def test_class_weights_that_are_too_few() -> None:
    with pytest.raises(ModelError, match="1 class_weighting for 5 classes"):
        loss_net("SoftmaxWithLoss", (3, 5), (3,), body="loss_param { weight_by_label_freqs: true class_weighting: 2 }")


def test_pre_fixed_normalizer() -> None:
    body = "loss_param { normalization: PRE_FIXED pre_fixed_normalizer: 8 }"
    net, plain = loss_net("SmoothL1LossOHEM", (3, 5), (3, 5), body=body), loss_net("SmoothL1LossOHEM", (3, 5), (3, 5))
    assert float(net.forward()) == pytest.approx(float(plain.forward()) * 3 / 8, rel=1e-12)


def test_flownets_l1_loss_is_refused() -> None:
    with pytest.raises(ModelError, match="l1_loss_param belongs to FlowNet's L1Loss"):
        loss_net("L1Loss", (3, 5), (3, 5), body="l1_loss_param { epsilon: 1 }")


def test_smooth_l1_loss_ohem_tells_the_loss_of_each_item() -> None:
    net = loss_net("SmoothL1LossOHEM", (2, 3, 5, 7), (2, 3, 5, 7), tops=2)
    net.forward()
    difference = net.blobs["b0"].data - net.blobs["b1"].data
    each = net.blobs["t1"].data
    assert each.shape == (2, 1, 5, 7)
    for n, h, w in np.ndindex(2, 5, 7):
        assert each[n, 0, h, w] == pytest.approx(sum(smooth_l1(x) for x in difference[n, :, h, w]), rel=1e-12)
    assert net.blobs["t0"].data == pytest.approx(each.sum() / (2 * 5 * 7), rel=1e-12)


def test_smooth_l1_loss_ohem_of_two_axes_gives_four() -> None:
    assert loss_net("SmoothL1LossOHEM", (5, 3), (5, 3), tops=2).blobs["t1"].shape == (5, 1, 1, 1)


def test_softmax_with_loss_ohem_tells_the_loss_of_each_prediction() -> None:
    net = loss_net("SoftmaxWithLossOHEM", (2, 3, 5), (2, 5), tops=3, body="loss_param { ignore_label: 1 }")
    labels = np.array([[0, 1, 2, 0, 1], [2, 2, 0, 1, 0]])
    net.blobs["b1"].data[...] = labels
    net.forward()
    prob, each = net.blobs["t1"].data, net.blobs["t2"].data
    assert prob.sum(axis=1) == pytest.approx(np.ones((2, 5)))
    for n, i in np.ndindex(2, 5):
        wanted = 0 if labels[n, i] == 1 else -np.log(prob[n, labels[n, i], i])
        assert each[n, i] == pytest.approx(wanted, rel=1e-12)
    assert net.blobs["t0"].data == pytest.approx(each.sum() / 7, rel=1e-12)


def test_l1_loss_is_divided_by_the_batch() -> None:
    net = loss_net("L1Loss", (3, 5, 2), (3, 5, 2))
    wanted = sum(abs(p - q) for p, q in zip(net.blobs["b0"].data.ravel(), net.blobs["b1"].data.ravel(), strict=True)) / 3
    assert float(net.forward()) == pytest.approx(wanted, rel=1e-12)


def test_weights_of_another_shape() -> None:
    with pytest.raises(ModelError, match=r"bottom 2 has the shape \(3, 1\), not \(3, 5\) as bottom 0"):
        loss_net("SmoothL1Loss", (3, 5), (3, 5), (3, 1))


def test_smooth_l1_loss_ohem_of_too_many_axes() -> None:
    with pytest.raises(ModelError, match=r"bottom 0 has the shape \(2, 2, 2, 2, 2\), but \(N, C\) or \(N, C, H, W\)"):
        loss_net("SmoothL1LossOHEM", (2, 2, 2, 2, 2), (2, 2, 2, 2, 2))
