"""The Keras AlexNet: its shapes, its answer against Keras's, and that it trains."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from pathlib import Path

import numpy as np
import pytest

from netproto.formats.weights import Weights
from netproto.net import channels_last
from netproto.net.loading import copy_weights
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from tests.golden.keras.made_up import layer, made_up

from .test_examples import load, number_of_weights, shapes
from .workplace import TEST, Trained

GOLDEN = Path(__file__).parents[1] / "golden" / "keras"
SIDES = {"conv1": 67, "pool1": 33, "conv2": 33, "pool2": 16, "conv3": 16, "conv4": 16, "conv5": 16, "pool5": 7}
KERNELS = {
    "conv1": (11, 11, 3, 96),
    "conv2": (5, 5, 96, 256),
    "conv3": (3, 3, 256, 384),
    "conv4": (3, 3, 384, 384),
    "conv5": (3, 3, 384, 256),
    "fc6": (12544, 4096),
    "fc7": (4096, 4096),
    "fc8": (4096, 100),
}


def test_shapes() -> None:
    found = shapes(load("keras_alexnet/deploy.prototxt"), TEST)
    assert {name: found[name][2:] for name in SIDES} == {name: (side, side) for name, side in SIDES.items()}
    assert number_of_weights(load("keras_alexnet/deploy.prototxt")) == 72_322_532


def test_it_says_what_keras_says() -> None:
    message = load("keras_alexnet/deploy.prototxt")
    message.layer[0].input_param.shape[0].dim[0] = 1
    weights = Weights(source="Keras")
    for name, shape in KERNELS.items():
        kernel, bias = layer(shape)
        weights[name] = [kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T, bias]
    net = Net(message, ops=CpuOps(), phase=TEST)
    copy_weights(net, channels_last.for_net(weights, message), strict=True)
    net.blobs["data"].data[...] = (made_up((1, 277, 277, 3), 0.5) + 0.5).transpose(0, 3, 1, 2)
    net.forward()
    wanted = np.load(GOLDEN / "outputs.npz")["full"]
    np.testing.assert_allclose(net.blobs["prob"].data, wanted, rtol=0, atol=1e-5 * wanted.max())


def test_it_trains(workplace: Callable[..., Trained]) -> None:
    """On pictures of 99 x 99: pool5 is 2 x 2. Four pictures at the rate for 128 would leap too far."""
    losses = workplace("keras_alexnet/solver.prototxt", iterations=4, batch=4, crop=99, rate=0.1).losses
    assert losses[0] == pytest.approx(log(100), rel=0.1)
    assert losses[3] < losses[0]
