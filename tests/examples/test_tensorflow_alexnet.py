"""TensorFlow's sizes and its example of local response normalisation; and the net trains."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text

from .test_examples import layers, load, number_of_weights, shapes
from .workplace import LOG_1000, TEST, Trained

LRN = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 dim: 2 dim: 1 } } }
layer { name: "y" type: "LRN" bottom: "x" top: "y" lrn_param { local_size: 5 alpha: 5 beta: 1 k: 0 } }
"""


def test_same_gives_57_and_valid_55() -> None:
    net = load("tensorflow_alexnet/deploy.prototxt")
    found = shapes(net, TEST)
    assert (found["conv1"], found["pool1"]) == ((10, 96, 57, 57), (10, 96, 28, 28))
    layers(net, "Convolution")["conv1"].convolution_param.ClearField("pad_mode")
    assert shapes(net, TEST)["conv1"] == (10, 96, 55, 55)


def test_numbers_of_the_normalisation_example() -> None:
    """Four channels: 17 to 20 at one place, 25 to 28 at another."""
    net = Net(text.parse(LRN, messages.NetParameter), ops=CpuOps(), phase=TEST)
    net.blobs["x"].data[...] = np.array([[17, 25], [18, 26], [19, 27], [20, 28]], np.float32).reshape(1, 4, 2, 1)
    net.forward()
    y = net.blobs["y"].data[0, :, :, 0]
    assert [y[0, 0], y[3, 0], y[1, 1]] == pytest.approx([0.017453, 0.018433, 0.00923952], abs=1e-6)


def test_alpha_is_that_of_each_square() -> None:
    for layer in layers(load("tensorflow_alexnet/train_val.prototxt"), "LRN").values():
        assert layer.lrn_param.alpha / layer.lrn_param.local_size == pytest.approx(1e-5)
        assert layer.lrn_param.k == 1


def test_number_of_weights() -> None:
    assert number_of_weights(load("tensorflow_alexnet/deploy.prototxt")) == 62_378_344


def test_it_trains(workplace: Callable[..., Trained]) -> None:
    """On pictures of 99 x 99, which leave fc6 a ninth of its weights."""
    losses = workplace("tensorflow_alexnet/solver.prototxt", iterations=4, batch=4, crop=99).losses
    assert losses[0] == pytest.approx(LOG_1000, rel=0.1)
    assert losses[3] < losses[0]
