"""The paper's AlexNet: its numbers, its two towers, and that it trains on relit pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.schema import upgrade

from .test_examples import layers, load, multipliers, number_of_weights, shapes
from .workplace import EXAMPLES, LOG_1000, TEST, Trained

BIASES = {"conv1": 0, "conv2": 1, "conv3": 0, "conv4": 1, "conv5": 1, "fc6": 1, "fc7": 1, "fc8": 0}


@pytest.mark.parametrize("prefix", ["", "two_towers_"])
def test_biases_and_normalisation(prefix: str) -> None:
    net = load(f"paper_alexnet/{prefix}train_val.prototxt")
    params = {layer.name: layer.convolution_param for layer in layers(net, "Convolution").values()}
    params |= {layer.name: layer.inner_product_param for layer in layers(net, "InnerProduct").values()}
    assert {name.partition("_")[0]: param.bias_filler.value for name, param in params.items()} == BIASES
    assert all(param.bias_filler.value == BIASES[name.partition("_")[0]] for name, param in params.items())
    for layer in layers(net, "LRN").values():
        param = layer.lrn_param
        assert (param.local_size, param.k, param.beta) == (5, 2, pytest.approx(0.75))
        assert param.alpha / param.local_size == pytest.approx(1e-4)


@pytest.mark.parametrize("prefix", ["", "two_towers_"])
def test_as_the_authors_trained(prefix: str) -> None:
    """Batches of 128, weight decay 0.0005 for biases too, crops of 227 that are mirrored, and relit in training alone."""
    solver = upgrade.load_solver(str(EXAMPLES / "paper_alexnet" / f"{prefix}solver.prototxt"))
    assert (solver.base_lr, solver.momentum, solver.weight_decay) == (pytest.approx(0.01), pytest.approx(0.9), pytest.approx(0.0005))
    net = load(f"paper_alexnet/{prefix}train_val.prototxt")
    assert all(multipliers(layer) == [] for kind in ("Convolution", "InnerProduct") for layer in layers(net, kind).values())
    train, test = (layer for layer in net.layer if layer.type == "Data")
    assert (train.data_param.batch_size, train.transform_param.mirror, test.transform_param.mirror) == (128, True, False)
    assert train.transform_param.crop_size == test.transform_param.crop_size == 227
    assert (bool(train.transform_param.pca_file), train.transform_param.pca_std) == (True, pytest.approx(0.1))
    assert not test.transform_param.pca_file


def test_both_forms_have_as_many_weights() -> None:
    assert number_of_weights(load("paper_alexnet/deploy.prototxt")) == 60_965_224
    assert number_of_weights(load("paper_alexnet/two_towers_deploy.prototxt")) == 60_965_224


def test_the_crop_that_55_windows_need() -> None:
    net = load("paper_alexnet/deploy.prototxt")
    assert shapes(net, TEST)["conv1"][1:] == (96, 55, 55)
    net.layer[0].input_param.shape[0].dim[2:] = [224, 224]
    assert shapes(net, TEST)["conv1"][1:] == (96, 54, 54)


def small(file: str) -> Net:
    """A deploy net for one picture of 99 x 99, which leaves fc6 a ninth of its weights."""
    message: Any = load(f"paper_alexnet/{file}.prototxt")
    message.layer[0].input_param.shape[0].dim[:] = [1, 3, 99, 99]
    return Net(message, ops=CpuOps(), phase=TEST, seed=1)


def test_two_towers_are_the_grouped_net() -> None:
    grouped, towers = small("deploy"), small("two_towers_deploy")
    rng = np.random.default_rng(5)
    for layer in grouped.layers:
        for blob in layer.blobs:
            blob.data[...] = rng.standard_normal(blob.shape).astype(np.float32) * (2 / max(1, blob.count // blob.shape[0])) ** 0.5
            halves = np.split(blob.data, 2) if layer.name != "fc8" else [blob.data]
            place = layer.blobs.index(blob)
            for half, tower in zip(halves, ("_a", "_b") if len(halves) > 1 else ("",), strict=True):
                named(towers, f"{layer.name}{tower}").blobs[place].data[...] = half
    picture = rng.uniform(-120, 120, (1, 3, 99, 99)).astype(np.float32)
    answers = []
    for net in (grouped, towers):
        net.blobs["data"].data[...] = picture
        net.forward()
        answers.append({name: net.blobs[name].data.copy() for name in ("fc8", "prob")})
    for name in ("fc8", "prob"):
        one, two = (answer[name] for answer in answers)
        assert np.ptp(one) > 0
        np.testing.assert_allclose(two, one, rtol=0, atol=1e-5 * np.abs(one).max())


def named(net: Net, name: str) -> Any:
    return next(layer for layer in net.layers if layer.name == name)


@pytest.mark.parametrize("solver", ["solver", "two_towers_solver"])
def test_it_trains(solver: str, workplace: Callable[..., Trained]) -> None:
    """On pictures of 99 x 99, and at a twentieth of the rate, as the batch is so much smaller."""
    losses = workplace(f"paper_alexnet/{solver}.prototxt", iterations=4, batch=4, crop=99, rate=0.05).losses
    assert losses[0] == pytest.approx(LOG_1000, rel=0.2)
    assert losses[3] < losses[0]
