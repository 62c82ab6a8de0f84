"""SoftmaxWithLoss: its ceiling, what it does without labels, and what is wrong with some of them."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import DataError, ModelError
from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.testing import net_of

BACKENDS = [CpuOps(), Ops("float64")]


def loss_net(
    body: str = "", *, scores: str = "dim: 2 dim: 3", labels: str = "dim: 2", tops: str = 'top: "loss"', ops: Ops | None = None
) -> Net:
    return net_of(
        f"""
        force_backward: true
        layer {{ name: "in" type: "Input" top: "x" top: "label" input_param {{ shape {{ {scores} }} shape {{ {labels} }} }} }}
        layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "x" bottom: "label" {tops} {body} }}
        """,
        ops=ops or CpuOps(),
    )


def test_large_scores_do_not_overflow() -> None:
    net = loss_net()
    net.blobs["x"].data[...] = [[1e4, 0, 0], [-1e4, -1e4, -1e4]]
    net.forward()
    assert net.blobs["loss"].data == pytest.approx(np.log(3) / 2, rel=1e-6)


def test_infinite_scores_give_nan_and_no_warning() -> None:
    net = loss_net()
    net.blobs["x"].data[...] = [[np.inf, 0, np.inf], [1, 2, 3]]
    assert np.isnan(float(net.forward()))


@pytest.mark.parametrize("ops", BACKENDS, ids=lambda o: type(o).__name__)
def test_the_loss_of_a_label_has_caffes_ceiling(ops: Ops) -> None:
    net = loss_net(ops=ops)
    net.blobs["x"].data[...] = [[0, 5000, 0], [0, 5000, 0]]
    assert float(net.forward()) == pytest.approx(87.33654, abs=1e-4)


@pytest.mark.parametrize("ops", BACKENDS, ids=lambda o: type(o).__name__)
def test_ignoring_every_label_gives_zero_not_nan(ops: Ops) -> None:
    net = loss_net("loss_param { ignore_label: 255 }", ops=ops)
    net.blobs["x"].data[...] = [[1, 2, 3], [3, 5, 7]]
    net.blobs["label"].data[...] = 255
    assert float(net.forward()) == 0
    net.backward()
    assert not net.blobs["x"].diff.any()


def test_a_fraction_is_dropped_from_a_label() -> None:
    net = loss_net()
    net.blobs["x"].data[...] = [[1, 2, 3], [3, 5, 7]]
    net.blobs["label"].data[...] = [1, 2]
    whole = float(net.forward())
    net.blobs["label"].data[...] = [1.9, 2.5]
    assert float(net.forward()) == whole


def test_the_probability_top_holds_the_softmax() -> None:
    net = loss_net(tops='top: "loss" top: "prob"')
    net.blobs["x"].data[...] = [[0, 0, np.log(2)], [0, 0, 0]]
    net.forward()
    np.testing.assert_allclose(net.blobs["prob"].data, [[0.25, 0.25, 0.5], [1 / 3] * 3], rtol=1e-6)


def test_a_layer_that_names_no_top_still_counts_as_loss() -> None:
    net = loss_net(tops="")
    assert float(net.forward()) == pytest.approx(np.log(3), rel=1e-6)


@pytest.mark.parametrize("bad", [3.0, -1.0, 255.0, np.nan, np.inf, 1e12])
def test_a_label_out_of_range_is_named_with_its_place(bad: float) -> None:
    net = loss_net(scores="dim: 2 dim: 3 dim: 5", labels="dim: 2 dim: 1 dim: 5")
    net.blobs["label"].data[1, 0, 3] = bad
    with pytest.raises(DataError) as caught:
        net.forward()
    said = str(caught.value)
    assert said.startswith(f"<string>:4:9: layer 'loss' (SoftmaxWithLoss): label {bad:g} at (1, 0, 3) of bottom 'label' is none of")
    assert "the 3 classes 0 to 2" in said
    assert "ignore_label" in said


def test_the_ignored_label_may_be_out_of_range_and_others_not() -> None:
    net = loss_net("loss_param { ignore_label: -1 }")
    net.blobs["label"].data[...] = [-1, 2]
    net.forward()
    net.blobs["label"].data[...] = [-1, -2]
    with pytest.raises(DataError, match="label -2 "):
        net.forward()


def test_too_few_labels() -> None:
    with pytest.raises(ModelError, match=r"2 labels, of shape \(2,\), for 10 predictions: scores of shape \(2, 3, 5\), classes on axis 1"):
        loss_net(scores="dim: 2 dim: 3 dim: 5")


def test_batches_that_differ() -> None:
    with pytest.raises(ModelError, match=r"\(2, 3\) and \(3,\), which differ along axis 0"):
        loss_net(labels="dim: 3")


def test_no_such_axis() -> None:
    with pytest.raises(ModelError, match=r"axis 2 of a blob with 2 axes.*-2 to 1"):
        loss_net("softmax_param { axis: 2 }")


def test_no_class() -> None:
    with pytest.raises(ModelError, match=r"axis 1 of bottom 0, whose shape is \(2, 0\), holds no class"):
        loss_net(scores="dim: 2 dim: 0", labels="dim: 2")


def test_labels_get_no_gradient() -> None:
    net = loss_net("propagate_down: true propagate_down: true")
    net.forward()
    with pytest.raises(ModelError, match="cannot give a gradient to bottom 1, 'label'"):
        net.backward()
