"""Memory worked out from shapes, against the memory that a net takes."""

import pytest

from netproto.layers.base import TEST, TRAIN
from netproto.net.footprint import Footprint, activations, footprint, largest_batch
from netproto.net.inference import InferenceNet
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text, upgrade

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 7 dim: 5 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 2 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 11 kernel_size: 3 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "drop" type: "Dropout" bottom: "conv" top: "drop" }
layer { name: "flat" type: "Flatten" bottom: "drop" top: "flat" }
layer { name: "ip" type: "InnerProduct" bottom: "flat" top: "ip" inner_product_param { num_output: 13 } }
layer { name: "fixed" type: "InnerProduct" bottom: "data" top: "fixed" param { lr_mult: 0 } param { lr_mult: 0 }
  inner_product_param { num_output: 13 } }
layer { name: "sum" type: "Eltwise" bottom: "ip" bottom: "fixed" top: "sum" }
layer { name: "accuracy" type: "Accuracy" bottom: "sum" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "sum" bottom: "label" top: "loss" }
"""
LEARNED = 11 * 27 + 11 + 13 * 165 + 13 + 13 * 105 + 13


def net_of(phase: int) -> Net:
    return Net(upgrade.net(text.parse(NET, messages.NetParameter, file="net")), ops=CpuOps(), phase=phase)


def taken(stores: list) -> int:
    """The bytes of memory that some stores have taken, each store once."""
    return sum(store.array.nbytes for store in {id(s): s for s in stores}.values() if store.array is not None)


@pytest.mark.parametrize("phase", [TEST, TRAIN])
def test_it_is_what_a_net_takes(phase: int) -> None:
    net = net_of(phase)
    net.forward()
    if phase == TRAIN:
        net.clear_param_diffs()
        net.backward()
    got = footprint(net.graph, training=phase == TRAIN, history=2)
    blobs = [net.blob(i) for i in range(len(net.graph.shapes))]
    assert got.data == taken([blob.data_store for blob in blobs])
    assert got.gradients == taken([blob.diff_store for blob in blobs])
    assert got.internals == sum(array.nbytes for layer in net.layers for array in layer.internals.values())
    learned = [param.blob for param in net.learnable]
    assert got.learned == taken([b.data_store for b in learned] + [b.diff_store for b in learned])
    assert got.learned == 4 * LEARNED * (2 if phase == TRAIN else 1)
    assert got.history == (2 * 4 * LEARNED if phase == TRAIN else 0)
    assert got.total == got.learned + got.history + got.data + got.gradients + got.internals


def test_it_is_what_a_net_for_inference_takes_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CpuOps, "takes", lambda *_: False)
    net = InferenceNet(upgrade.net(text.parse(NET, messages.NetParameter, file="net")), ops=CpuOps())
    net.forward()
    got = footprint(net.graph, training=False, lean=True, queued={"data": 3})
    blobs = [net.blob(i) for i in range(len(net.graph.shapes))]
    assert got.data == taken([blob.data_store for blob in blobs])
    assert got.gradients == taken([blob.diff_store for blob in blobs]) == 4
    assert got.internals == sum(array.nbytes for layer in net.layers for array in layer.internals.values())
    assert got.learned == taken([param.blob.data_store for param in net.learnable])
    assert got.queued == 4 * 3 * 2 * 105
    whole = footprint(net.graph, training=False)
    assert got.data < whole.data


def test_batches_that_are_read_ahead() -> None:
    assert footprint(net_of(TEST).graph, training=False, queued={"data": 3, "label": 2}).queued == 4 * (3 * 2 * 105 + 2 * 2)


def test_activations_are_what_a_layer_makes() -> None:
    graph = net_of(TRAIN).graph
    made = {node.layer.name: activations(graph, node) for node in graph.nodes}
    conv = 4 * 2 * 11 * 5 * 3
    assert (made["conv"], made["relu"], made["flat"]) == (conv, 0, 0)
    assert made["drop"] == conv + conv // 4, "the values, and a byte a mask"


def test_the_largest_batch() -> None:
    one, two = Footprint(100, 50, 7, 3, 2, 0), Footprint(100, 50, 14, 6, 4, 0)
    assert largest_batch(one, two, 162) == 1
    assert largest_batch(one, two, 161) == 0
    assert largest_batch(one, two, 162 + 5 * 12 + 11) == 6
    assert largest_batch(one, two, 3) == 0
    assert largest_batch(one, one, 1000) is None
