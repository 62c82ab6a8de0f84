"""The autoencoder has the numbers of Caffe's examples/mnist autoencoder, and each of its four solvers brings its loss down."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netproto.schema import upgrade
from netproto.solver.nets import test_nets as plans_of_test_nets

from .test_examples import layers, load
from .workplace import EXAMPLES, Trained

OUTPUTS = {
    "encode1": 1000,
    "encode2": 500,
    "encode3": 250,
    "encode4": 30,
    "decode4": 250,
    "decode3": 500,
    "decode2": 1000,
    "decode1": 784,
}


def test_layers() -> None:
    net = load("autoencoder/train_test.prototxt")
    products = layers(net, "InnerProduct")
    assert {name: layer.inner_product_param.num_output for name, layer in products.items()} == OUTPUTS
    for layer in products.values():
        filler = layer.inner_product_param.weight_filler
        assert (filler.type, filler.std, filler.sparse) == ("gaussian", 1, 15)
    weights = [list(layer.loss_weight) for kind in ("SigmoidCrossEntropyLoss", "EuclideanLoss") for layer in layers(net, kind).values()]
    assert weights == [[1], [0]]


def test_two_test_nets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    plans = plans_of_test_nets(upgrade.load_solver("examples/autoencoder/solver.prototxt"))
    assert [plan.stages for plan in plans] == [("test-on-train",), ("test-on-test",)]


@pytest.mark.parametrize("solver", ["solver", "nesterov_solver", "adagrad_solver", "adadelta_solver"])
def test_it_learns(solver: str, workplace: Callable[..., Trained]) -> None:
    trained = workplace(f"autoencoder/{solver}.prototxt", iterations=8, batch=10)
    assert sum(param.blob.count for param in trained.solver.net.learnable) == 2_837_314
    assert trained.losses[-1] < trained.losses[0]
