"""VGG16 has the shapes of Simonyan and Zisserman's configuration D, and trains."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .test_examples import load, number_of_weights, shapes, weights
from .workplace import LOG_1000, TEST, Trained

KERNELS = {  # height, width, inputs, outputs
    "conv1_1": (3, 3, 3, 64),
    "conv1_2": (3, 3, 64, 64),
    "conv2_1": (3, 3, 64, 128),
    "conv2_2": (3, 3, 128, 128),
    "conv3_1": (3, 3, 128, 256),
    "conv3_2": (3, 3, 256, 256),
    "conv3_3": (3, 3, 256, 256),
    "conv4_1": (3, 3, 256, 512),
    "conv4_2": (3, 3, 512, 512),
    "conv4_3": (3, 3, 512, 512),
    "conv5_1": (3, 3, 512, 512),
    "conv5_2": (3, 3, 512, 512),
    "conv5_3": (3, 3, 512, 512),
}
PRODUCTS = {"fc6": (25088, 4096), "fc7": (4096, 4096), "fc8": (4096, 1000)}  # inputs, outputs


def test_shapes_of_the_weights() -> None:
    """As tables that count height, width, inputs, outputs give them; here the outputs come first."""
    found = weights(load("vgg16/deploy.prototxt"))
    assert {
        name: (height, width, inputs, outputs) for name in KERNELS for outputs, inputs, height, width in [found[f"{name}/0"]]
    } == KERNELS
    assert {name: found[f"{name}/0"][::-1] for name in PRODUCTS} == PRODUCTS
    assert number_of_weights(load("vgg16/deploy.prototxt")) == 138_357_544


def test_shapes_of_the_blobs() -> None:
    found = shapes(load("vgg16/deploy.prototxt"), TEST)
    assert [found[f"pool{i}"][1:] for i in range(1, 6)] == [(64, 112, 112), (128, 56, 56), (256, 28, 28), (512, 14, 14), (512, 7, 7)]


def test_it_trains(workplace: Callable[..., Trained]) -> None:
    """On pictures of 64 x 64, which leave fc6 a twelfth of its weights."""
    losses = workplace("vgg16/solver.prototxt", iterations=3, batch=2, crop=64, rate=0.1).losses
    assert losses[0] == pytest.approx(LOG_1000, rel=0.3)
    assert losses[2] < losses[0]
