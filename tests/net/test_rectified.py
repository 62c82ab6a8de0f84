"""Products that take the ReLU behind them along in training: which do, and that nobody sees it in the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.net.chains import rectified_products
from netproto.net.net import Net
from netproto.net.training import TrainingNet
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text, upgrade

DATA = """
layer { name: "data" type: "DummyData" top: "x" top: "label" dummy_data_param { shape { dim: 4 dim: 3 dim: 7 dim: 6 } shape { dim: 4 }
  data_filler { type: "gaussian" } data_filler { type: "constant" value: 2 } } }"""
CONV = """
layer { name: "a" type: "Convolution" bottom: "x" top: "a"
  convolution_param { num_output: 5 kernel_size: 3 pad_mode: SAME stride: 2 weight_filler { type: "msra" } } }"""
PRODUCT = """
layer { name: "b" type: "InnerProduct" bottom: "a" top: "b" inner_product_param { num_output: 7 weight_filler { type: "msra" } } }"""
LOSS = """
layer { name: "c" type: "InnerProduct" bottom: "b" top: "c" inner_product_param { num_output: 3 weight_filler { type: "msra" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "c" bottom: "label" top: "loss" }"""


def relu(blob: str, top: str = "", more: str = "") -> str:
    return f'\nlayer {{ name: "relu_{blob}" type: "ReLU" bottom: "{blob}" top: "{top or blob}" {more} }}'


def net_of(body: str, ops: Ops, kind: type[Net] = TrainingNet) -> Net:
    return kind(upgrade.net(text.parse(DATA + body, messages.NetParameter, file="net")), ops=ops, phase=0, seed=3)


BOTH = CONV + relu("a", more="relu_param { negative_slope: 0.1 }") + PRODUCT + relu("b") + LOSS


def gradients(net: Net) -> list[np.ndarray]:
    """The loss and all gradients of a pass."""
    net.clear_param_diffs()
    loss = net.forward()
    net.backward()
    return [np.array(net.ops.to_host(array)) for array in (loss, *(param.blob.diff for param in net.learnable))]


@pytest.mark.parametrize("ops", [Ops, CpuOps])
def test_the_numbers_are_those_of_a_net_that_keeps_everything(ops: type[Ops]) -> None:
    for found, wanted in zip(gradients(net_of(BOTH, ops())), gradients(net_of(BOTH, ops(), Net)), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (BOTH, {1: 2, 3: 4}),
        (CONV + PRODUCT + LOSS, {}),
        (CONV + relu("a", more="relu_param { relu6: true }") + PRODUCT + LOSS, {}),
        (CONV + relu("a", more="relu_param { negative_slope: -0.5 }") + PRODUCT + LOSS, {}),
        (CONV + relu("a", "d") + PRODUCT + LOSS, {}),
        (CONV + '\nlayer { name: "drop" type: "Dropout" bottom: "a" top: "a" }' + relu("a") + PRODUCT + LOSS, {}),
        (CONV.replace('top: "a"', 'bottom: "x" top: "a" top: "d"') + relu("a") + PRODUCT + LOSS, {}),
        ("debug_info: true" + BOTH, {}),
    ],
)
def test_which_do(body: str, found: dict[int, int]) -> None:
    net = net_of(body, Ops())
    assert net._rectified == found
    assert net.message.debug_info or rectified_products(net.graph) == found
