"""Nets on several devices: who computes what, and what is brought where. tests/gpu has them on the devices of the fake."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.layers.base import TEST
from netproto.net.net import Net
from netproto.net.placed import PlacedNet, is_placed, turns_of
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text

NET = """
layer { name: "data" type: "Input" top: "x" top: "y" input_param { shape { dim: 3 dim: 5 } shape { dim: 3 dim: 1 } } }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" inner_product_param { num_output: 7 weight_filler { type: "xavier" } } }
layer { name: "b" type: "InnerProduct" bottom: "x" top: "b" device: 1
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "ramp" type: "ReLU" bottom: "b" top: "b" device: 1 }
layer { name: "more" type: "Power" bottom: "a" top: "more" power_param { shift: 1 } }
layer { name: "both" type: "Concat" bottom: "a" bottom: "b" top: "both" }
layer { name: "c" type: "InnerProduct" bottom: "both" top: "c" device: 1
  inner_product_param { num_output: 1 weight_filler { type: "xavier" } } }
layer { name: "double" type: "Power" bottom: "b" top: "double" device: 1 power_param { scale: 2 } }
layer { name: "loss" type: "EuclideanLoss" bottom: "c" bottom: "y" top: "loss" }
"""


def parsed(prototxt: str) -> Any:
    return text.parse(prototxt, messages.NetParameter)


def test_turns() -> None:
    turns = turns_of(parsed(NET), ["double", "loss", "more"])
    assert [(turn.device, turn.brought, [layer.name for layer in turn.layers]) for turn in turns] == [
        (0, [], ["data", "a"]),
        (1, [("x", 0)], ["b", "ramp"]),
        (0, [], ["more"]),
        (0, [("b", 1)], ["both"]),
        (1, [("both", 0)], ["c", "double"]),
        (0, [("c", 1)], ["loss"]),
        (0, [("double", 1)], []),
    ]


def test_a_blob_that_changes_is_brought_anew() -> None:
    net = parsed(
        'layer { name: "x" type: "Input" top: "x" } layer { name: "p" type: "Power" bottom: "x" top: "p" device: 1 }'
        'layer { name: "r" type: "ReLU" bottom: "x" top: "x" } layer { name: "q" type: "Power" bottom: "x" top: "q" device: 1 }'
    )
    assert [turn.brought for turn in turns_of(net, ["p", "q"])] == [[], [("x", 0)], [], [("x", 0)], [("p", 1), ("q", 1)]]


@pytest.mark.parametrize("devices", [2, 3])
def test_it_makes_what_one_device_makes(devices: int) -> None:
    alone = Net(parsed(NET), ops=CpuOps(), phase=TEST, seed=2)
    placed = PlacedNet(parsed(NET), everywhere=[CpuOps() for _ in range(devices)], seed=2)
    generator = np.random.default_rng(1)
    for name in ("x", "y"):
        alone.blobs[name].data[...] = placed.blobs[name].data[...] = generator.standard_normal(alone.blobs[name].shape)
    for _ in range(2):
        np.testing.assert_allclose(placed.forward(), alone.forward(), rtol=1e-6)
        assert placed.outputs == alone.outputs == ["double", "loss", "more"]
        for name in ("a", "b", "both", "c", *placed.outputs):
            np.testing.assert_allclose(placed.blobs[name].data, alone.blobs[name].data, rtol=1e-6, err_msg=name)
        alone.blobs["x"].data[...] += 1
        placed.blobs["x"].data[...] += 1
    assert sorted(placed.params) == sorted(alone.params) == ["a", "b", "c"]
    assert placed.blob_loss_weight("loss") == 1


def test_shapes_follow_the_input() -> None:
    placed = PlacedNet(parsed(NET), everywhere=[CpuOps(), CpuOps()])
    for name, shape in {"x": (2, 5), "y": (2, 1)}.items():
        placed.blobs[name].reshape(shape)
        placed.blobs[name].data[...] = 1
    placed.forward()
    assert placed.blobs["double"].shape == (2, 2)


def test_what_cannot_be_placed() -> None:
    assert is_placed(parsed(NET))
    assert not is_placed(parsed(NET.replace("device: 1", "")))
    with pytest.raises(ModelError, match=r"layer 'b' \(InnerProduct\): the layer is for device 1, but there are 1\. The first is 0"):
        PlacedNet(parsed(NET), everywhere=[CpuOps()])
    with pytest.raises(ModelError, match=r"a loss is computed on the first device, and this layer is for device 1"):
        PlacedNet(parsed(NET.replace('top: "loss"', 'top: "loss" device: 1')), everywhere=[CpuOps(), CpuOps()])
