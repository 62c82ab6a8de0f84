"""The two CIFAR-10 nets have the numbers of Caffe's examples/cifar10, and train."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netproto.schema import messages, upgrade

from .test_examples import layers, load, multipliers, number_of_weights
from .workplace import EXAMPLES, Trained

LOG_10 = 2.302585


def test_quick() -> None:
    net = load("cifar10/quick_deploy.prototxt")
    assert list(layers(net, "ReLU")) == ["relu1", "relu2", "relu3"]
    assert layers(net, "ReLU")["relu1"].bottom == ["pool1"]
    methods = [messages.enum_name(layer.pooling_param, "pool") for layer in layers(net, "Pooling").values()]
    assert methods == ["MAX", "AVE", "AVE"]
    assert number_of_weights(net) == 145_578


def test_full() -> None:
    net = load("cifar10/full_train_test.prototxt")
    for layer in layers(net, "LRN").values():
        param = layer.lrn_param
        assert messages.enum_name(param, "norm_region") == "WITHIN_CHANNEL"
        assert (param.local_size, param.alpha, param.beta) == (3, pytest.approx(5e-5), pytest.approx(0.75))
    assert multipliers(layers(net, "InnerProduct")["ip1"]) == [(1, 250), (2, 0)]
    assert multipliers(layers(net, "Convolution")["conv3"]) == []
    assert number_of_weights(load("cifar10/full_deploy.prototxt")) == 89_578


@pytest.mark.parametrize(("solver", "batch"), [("quick_solver", 10), ("full_solver", 10)])
def test_they_train(solver: str, batch: int, workplace: Callable[..., Trained]) -> None:
    """The full net sees grey pictures of 28 x 28: the sample's."""
    losses = workplace(f"cifar10/{solver}.prototxt", iterations=20, batch=batch).losses
    assert losses[0] == pytest.approx(LOG_10, abs=0.05)
    assert sum(losses[-5:]) < sum(losses[:5])


@pytest.mark.parametrize(("first", "then"), [("quick_solver", "quick_lr1_solver"), ("full_lr1_solver", "full_lr2_solver")])
def test_the_next_solver_goes_on_from_the_last_snapshot(first: str, then: str) -> None:

    before, after = (upgrade.load_solver(str(EXAMPLES / "cifar10" / f"{name}.prototxt")) for name in (first, then))
    assert before.snapshot_prefix == after.snapshot_prefix
    assert before.max_iter % before.snapshot == 0
    assert before.max_iter < after.max_iter
    assert after.base_lr == pytest.approx(before.base_lr / 10)
