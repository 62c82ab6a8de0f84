"""Accuracy: ties, absent classes, labels that are none."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import DataError, ModelError
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.testing import net_of


def accuracy_net(body: str = "", *, scores: str = "dim: 3 dim: 4", labels: str = "dim: 3") -> Net:
    return net_of(
        f"""
        force_backward: true
        layer {{ name: "in" type: "Input" top: "x" top: "label" input_param {{ shape {{ {scores} }} shape {{ {labels} }} }} }}
        layer {{ name: "acc" type: "Accuracy" bottom: "x" bottom: "label" top: "accuracy" top: "each" {body} }}
        """,
        ops=CpuOps(),
    )


@pytest.mark.parametrize(("top_k", "wanted"), [(1, 0), (3, 0), (4, 1)])
def test_ties_count_against_the_prediction(top_k: int, wanted: float) -> None:
    net = accuracy_net(f"accuracy_param {{ top_k: {top_k} }}")
    net.forward()
    assert net.blobs["accuracy"].data == wanted


def test_each_class_has_its_own_accuracy_and_absent_ones_zero() -> None:
    net = accuracy_net()
    net.blobs["x"].data[...] = [[9, 0, 1, 2], [0, 1, 9, 2], [0, 1, 9, 2]]
    net.blobs["label"].data[...] = [0, 2, 3]
    net.forward()
    assert net.blobs["accuracy"].data == pytest.approx(2 / 3)
    assert net.blobs["each"].data.tolist() == [1, 0, 1, 0]


def test_ignoring_every_label_gives_zero() -> None:
    net = accuracy_net("accuracy_param { ignore_label: 255 }")
    net.blobs["label"].data[...] = 255
    net.forward()
    assert net.blobs["accuracy"].data == 0
    assert not net.blobs["each"].data.any()


def test_its_gradient_is_zero() -> None:
    net = accuracy_net()
    net.forward()
    net.blobs["x"].diff[...] = 3
    net.backward()
    assert not net.blobs["x"].diff.any()


def test_a_label_out_of_range() -> None:
    net = accuracy_net()
    net.blobs["label"].data[...] = [0, 1, 4]
    with pytest.raises(DataError, match=r"layer 'acc' \(Accuracy\): label 4 at \(2,\) of bottom 'label' is none of the 4 classes 0 to 3"):
        net.forward()


def test_top_k_above_the_number_of_classes() -> None:
    with pytest.raises(ModelError, match="top_k is 5, but there are 4 classes"):
        accuracy_net("accuracy_param { top_k: 5 }")


def test_too_many_labels() -> None:
    with pytest.raises(ModelError, match=r"6 labels, of shape .* for 3 predictions"):
        accuracy_net(labels="dim: 3 dim: 2")


def test_scores_without_items() -> None:
    net = accuracy_net(scores="dim: 0 dim: 4", labels="dim: 0")
    net.forward()
    assert np.isfinite(net.blobs["accuracy"].data)
