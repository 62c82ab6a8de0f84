"""CaffeNet has the numbers of BVLC's models/bvlc_reference_caffenet, and trains."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .test_examples import layers, load, multipliers, number_of_weights
from .workplace import LOG_1000, Trained

BIASES = {"conv1": 0, "conv2": 1, "conv3": 0, "conv4": 1, "conv5": 1, "fc6": 1, "fc7": 1, "fc8": 0}
STDS = {"conv1": 0.01, "conv2": 0.01, "conv3": 0.01, "conv4": 0.01, "conv5": 0.01, "fc6": 0.005, "fc7": 0.005, "fc8": 0.01}


def test_it_pools_before_it_normalises() -> None:
    for file in ("train_val", "deploy"):
        net = load(f"caffenet/{file}.prototxt")
        assert {name: list(layer.bottom) for name, layer in layers(net, "LRN").items()} == {"norm1": ["pool1"], "norm2": ["pool2"]}
        assert {name: list(layer.bottom) for name, layer in layers(net, "Pooling").items()} == {
            "pool1": ["conv1"],
            "pool2": ["conv2"],
            "pool5": ["conv5"],
        }


def test_fillers() -> None:
    net = load("caffenet/train_val.prototxt")
    products = layers(net, "InnerProduct")
    params = {name: layer.convolution_param for name, layer in layers(net, "Convolution").items()}
    params |= {name: layer.inner_product_param for name, layer in products.items()}
    assert {name: param.bias_filler.value for name, param in params.items()} == BIASES
    assert {name: param.weight_filler.std for name, param in params.items()} == pytest.approx(STDS)
    assert all(multipliers(layer) == [(1, 1), (2, 0)] for layer in products.values())


def test_number_of_weights() -> None:
    assert number_of_weights(load("caffenet/deploy.prototxt")) == 60_965_224


def test_it_trains(workplace: Callable[..., Trained]) -> None:
    """On pictures of 99 x 99, which leave fc6 a ninth of its weights."""
    losses = workplace("caffenet/solver.prototxt", iterations=3, batch=4, crop=99, rate=0.1).losses
    assert losses[0] == pytest.approx(LOG_1000, rel=0.2)
    assert losses[2] < losses[0]
