"""GoogLeNet has the numbers of Szegedy et al. and the names of BVLC's models/bvlc_googlenet, and trains."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .test_examples import layers, load, number_of_weights, shapes, weights
from .workplace import LOG_1000, TEST, Trained

OUTPUTS = {
    "inception_3a/output": (256, 28, 28),
    "inception_3b/output": (480, 28, 28),
    "inception_4a/output": (512, 14, 14),
    "inception_4b/output": (512, 14, 14),
    "inception_4c/output": (512, 14, 14),
    "inception_4d/output": (528, 14, 14),
    "inception_4e/output": (832, 14, 14),
    "inception_5a/output": (832, 7, 7),
    "inception_5b/output": (1024, 7, 7),
    "pool5/7x7_s1": (1024, 1, 1),
    "prob": (1000,),
}


def test_shapes() -> None:
    found = shapes(load("googlenet/deploy.prototxt"), TEST)
    assert {name: found[name][1:] for name in OUTPUTS} == OUTPUTS


def test_three_losses() -> None:
    losses = layers(load("googlenet/train_val.prototxt"), "SoftmaxWithLoss")
    assert {name: list(layer.loss_weight) for name, layer in losses.items()} == {
        "loss1/loss": [pytest.approx(0.3)],
        "loss2/loss": [pytest.approx(0.3)],
        "loss3/loss3": [1],
    }
    ratios = {name: layer.dropout_param.dropout_ratio for name, layer in layers(load("googlenet/train_val.prototxt"), "Dropout").items()}
    assert ratios == pytest.approx({"loss1/drop_fc": 0.7, "loss2/drop_fc": 0.7, "pool5/drop_7x7_s1": 0.4})


def test_it_trains_and_its_weights_fit_the_deploy_net(workplace: Callable[..., Trained]) -> None:
    trained = workplace("googlenet/quick_solver.prototxt", iterations=3, batch=2, rate=0.1)
    assert trained.losses[0] > 1.5 * LOG_1000
    assert trained.losses[2] < trained.losses[0]
    deployed = load("googlenet/deploy.prototxt")
    learned = {param.key: param.shape for param in trained.solver.net.graph.learned}
    assert weights(deployed).items() <= learned.items()
    assert number_of_weights(deployed) == 6_998_552
    assert sum(param.blob.count for param in trained.solver.net.learnable) == 13_378_280
