"""What is wrong with the bottoms of losses, and numbers that are easy to tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netproto.errors import DataError, FormatError, ModelError
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.schema import messages
from netproto.testing import net_of


def loss_net(kind: str, *shapes: tuple[int, ...], body: str = "") -> Net:
    """A net of inputs b0, b1, ... of these shapes and one loss of them."""
    inputs = ""
    for i, shape in enumerate(shapes):
        dims = " ".join(f"dim: {d}" for d in shape)
        inputs += f'layer {{ name: "in{i}" type: "Input" top: "b{i}" input_param {{ shape {{ {dims} }} }} }}\n'
    bottoms = " ".join(f'bottom: "b{i}"' for i in range(len(shapes)))
    return net_of(f'force_backward: true\n{inputs}layer {{ name: "loss" type: "{kind}" {bottoms} top: "loss" {body} }}', ops=CpuOps())


LABELLED = ["SoftmaxWithLoss", "HingeLoss", "MultinomialLogisticLoss"]


@pytest.mark.parametrize("kind", LABELLED)
def test_a_label_out_of_range_is_an_error(kind: str) -> None:
    net = loss_net(kind, (3, 5), (3,))
    net.blobs["b1"].data[...] = [0, 5, 1]
    with pytest.raises(DataError, match=rf"layer 'loss' \({kind}\): label 5 at \(1,\) of bottom 'b1' is none of the 5 classes 0 to 4"):
        net.forward()


@pytest.mark.parametrize("kind", [*LABELLED, "EuclideanLoss", "SigmoidCrossEntropyLoss"])
def test_batches_that_differ_are_an_error(kind: str) -> None:
    with pytest.raises(ModelError, match=r"bottoms 0 and 1 have the shapes \(3, 5\) and \(2, 5\), which differ along axis 0"):
        loss_net(kind, (3, 5), (2, 5))


@pytest.mark.parametrize("kind", ["HingeLoss", "MultinomialLogisticLoss"])
def test_two_labels_an_item_are_an_error(kind: str) -> None:
    with pytest.raises(ModelError, match=r"6 labels, of shape \(3, 2\), for the 3 items of bottom 0"):
        loss_net(kind, (3, 5), (3, 2))


def test_euclidean_loss_of_items_of_different_size() -> None:
    with pytest.raises(ModelError, match="hold 5 and 10 elements for an item"):
        loss_net("EuclideanLoss", (3, 5), (3, 5, 2))


def test_sigmoid_cross_entropy_loss_with_too_few_targets() -> None:
    with pytest.raises(ModelError, match=r"3 targets, of shape \(3,\), for 15 scores"):
        loss_net("SigmoidCrossEntropyLoss", (3, 5), (3,))


def test_sigmoid_cross_entropy_loss_of_large_scores() -> None:
    net = loss_net("SigmoidCrossEntropyLoss", (2, 1), (2, 1))
    net.blobs["b0"].data[...] = [[1000], [-1000]]
    net.blobs["b1"].data[...] = [[0], [1]]
    assert float(net.forward()) == 1000


def test_sigmoid_cross_entropy_loss_ignores_targets_after_dropping_their_fraction() -> None:
    net = loss_net("SigmoidCrossEntropyLoss", (1, 2), (1, 2), body="loss_param { ignore_label: 0 }")
    net.blobs["b1"].data[...] = [[0.5, 1]]
    assert float(net.forward()) == pytest.approx(np.log(2), rel=1e-6)


@pytest.mark.parametrize(("kind", "wanted"), [("MultinomialLogisticLoss", 20 * np.log(10))])
def test_a_probability_of_zero_has_a_finite_price(kind: str, wanted: float) -> None:
    net = loss_net(kind, (3, 5), (3,))
    assert float(net.forward()) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("kind", ["EuclideanLoss", "SigmoidCrossEntropyLoss"])
def test_a_batch_without_items_costs_nothing(kind: str) -> None:
    net = loss_net(kind, (0, 5), (0, 5))
    assert float(net.forward()) == 0
    net.backward()


def test_contrastive_loss_wants_features_not_maps() -> None:
    with pytest.raises(ModelError, match=r"bottom 0 has the shape \(3, 5, 2, 1\), but features \(N, C\) are wanted"):
        loss_net("ContrastiveLoss", (3, 5, 2, 1), (3, 5, 2, 1), (3,))


def test_contrastive_loss_wants_features_of_one_length() -> None:
    with pytest.raises(ModelError, match=r"bottom 1 has the shape \(3, 7\), .* C = 5 as in bottom 0"):
        loss_net("ContrastiveLoss", (3, 5), (3, 7), (3,))


def test_contrastive_loss_wants_a_label_a_pair() -> None:
    with pytest.raises(ModelError, match=r"bottom 2 has the shape \(2,\), but one label for each of the 3 pairs"):
        loss_net("ContrastiveLoss", (3, 5), (3, 5), (2,))


def test_contrastive_loss_of_equal_features_has_a_gradient() -> None:
    net = loss_net("ContrastiveLoss", (1, 2), (1, 2), (1,))
    assert float(net.forward()) == 0.5
    net.backward()
    assert not net.blobs["b0"].diff.any()


def infogain_file(path: Path, values: np.ndarray, *dims: int) -> str:
    blob = messages.BlobProto(data=values.reshape(-1).tolist())
    blob.shape.dim.extend(dims)
    path.write_bytes(blob.SerializeToString())
    return f'infogain_loss_param {{ source: "{path}" }}'


def test_an_infogain_matrix_from_a_file_is_the_one_of_a_bottom(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    matrix, scores = generator.uniform(0.1, 1, (3, 3)), generator.standard_normal((2, 3))
    from_file = loss_net("InfogainLoss", (2, 3), (2,), body=infogain_file(tmp_path / "h.binaryproto", matrix, 1, 1, 3, 3))
    from_bottom = loss_net("InfogainLoss", (2, 3), (2,), (3, 3))
    from_bottom.blobs["b2"].data[...] = matrix
    for net in (from_file, from_bottom):
        net.blobs["b0"].data[...] = scores
        net.blobs["b1"].data[...] = [2, 0]
    assert float(from_file.forward()) == pytest.approx(float(from_bottom.forward()), rel=1e-6)
    from_file.backward()
    from_bottom.backward()
    np.testing.assert_allclose(from_file.blobs["b0"].diff, from_bottom.blobs["b0"].diff, rtol=1e-5)


def test_an_identity_as_infogain_matrix_gives_softmax_with_loss() -> None:
    net, plain = loss_net("InfogainLoss", (2, 3), (2,), (3, 3)), loss_net("SoftmaxWithLoss", (2, 3), (2,))
    net.blobs["b2"].data[...] = np.eye(3)
    for each in (net, plain):
        each.blobs["b0"].data[...] = [[1, 2, 5], [3, 1, 0]]
        each.blobs["b1"].data[...] = [2, 1]
    assert float(net.forward()) == pytest.approx(float(plain.forward()), rel=1e-6)


def test_an_infogain_matrix_of_another_number_of_classes(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has 9 values, not 5 \* 5, for 5 classes"):
        loss_net("InfogainLoss", (2, 5), (2,), body=infogain_file(tmp_path / "h", np.ones((3, 3)), 3, 3))
    with pytest.raises(ModelError, match=r"has 9 values, not 5 \* 5, for 5 classes"):
        loss_net("InfogainLoss", (2, 5), (2,), (3, 3))


def test_an_infogain_file_that_is_not_there_or_broken(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="there is no such file"):
        loss_net("InfogainLoss", (2, 5), (2,), body=f'infogain_loss_param {{ source: "{tmp_path / "none"}" }}')
    (tmp_path / "text").write_bytes(b"name: 'net'\n")
    with pytest.raises(FormatError, match="infogain matrix"):
        loss_net("InfogainLoss", (2, 5), (2,), body=f'infogain_loss_param {{ source: "{tmp_path / "text"}" }}')
    with pytest.raises(FormatError, match="6 values, which make no square matrix"):
        loss_net("InfogainLoss", (2, 5), (2,), body=infogain_file(tmp_path / "h", np.ones(6), 2, 3))


def test_infogain_loss_without_a_matrix() -> None:
    with pytest.raises(ModelError, match=r"there is no infogain matrix\. Give it as third bottom"):
        loss_net("InfogainLoss", (2, 5), (2,))


def test_infogain_loss_refuses_the_old_normalize() -> None:
    with pytest.raises(ModelError, match=r"loss_param.normalize is out of date.*VALID for true, BATCH_SIZE for false"):
        loss_net("InfogainLoss", (2, 3), (2,), (3, 3), body="loss_param { normalize: true }")
