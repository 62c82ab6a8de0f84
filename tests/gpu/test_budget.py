"""What an iteration of training costs on the device, once it is warm: no array, no wait, and so many launches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from netproto.ops.gpu import GpuOps
from netproto.schema import messages, text, upgrade
from netproto.solver import Solver
from netproto.solver.rules import RULES
from netproto.testing.nets import PICTURES, example_net, examples

from . import fakecupy

LAUNCHES = {
    "autoencoder/train_test.prototxt": 125,
    "bvlc_alexnet/train_val.prototxt": 124,
    "caffenet/train_val.prototxt": 124,
    "cifar10/full_train_test.prototxt": 68,
    "cifar10/quick_train_test.prototxt": 71,
    "fashion_mnist/exercises/lenet5_train_test.prototxt": 89,
    "fashion_mnist/train_test.prototxt": 113,
    "googlenet/train_val.prototxt": 913,
    "keras_alexnet/train_val.prototxt": 114,
    "lenet/train_test.prototxt": 53,
    "paper_alexnet/train_val.prototxt": 124,
    "paper_alexnet/two_towers_train_val.prototxt": 239,
    "siamese/train_test.prototxt": 100,
    "tensorflow_alexnet/train_val.prototxt": 118,
    "vgg16/train_val.prototxt": 229,
}
"""At most, in one iteration with a batch of 2. More wants a reason; fewer, a new number."""

RULE = "base_lr: 0.0001 weight_decay: 0.0005 lr_policy: 'inv' gamma: 0.1 power: 0.75"


def solver_of(example: str, ops: GpuOps, body: str = "") -> Solver:
    """A solver for an example's training net, as `netproto train` makes it, with small drawn pictures in the place of its database."""
    message: Any = text.parse(f"{RULE} {body}", messages.SolverParameter)
    message.net_param.CopyFrom(example_net(example, 2, small=True))
    return Solver(upgrade.solver(message), ops=ops, lean_training=True)


@pytest.mark.parametrize("example", PICTURES)
def test_a_warm_iteration(example: str, gpu_ops: Callable[..., GpuOps]) -> None:
    solver = solver_of(example, gpu_ops(), "momentum: 0.9")
    solver.step(2)
    with fakecupy.counting() as cost:
        solver.step(1)
    assert (cost.alloc, cost.sync, cost.copy, cost.d2h) == (0, 0, 0, 0)
    assert cost.h2d == 1
    assert cost.launch <= LAUNCHES[example], cost


@pytest.mark.parametrize(
    "body", [*(f"type: '{rule}' delta: 1e-4" for rule in RULES), "clip_gradients: 0.1", "iter_size: 2", "average_loss: 3"]
)
def test_no_solver_waits(body: str, gpu_ops: Callable[..., GpuOps]) -> None:
    solver = solver_of("lenet/train_test.prototxt", gpu_ops(), body)
    solver.step(2)
    with fakecupy.counting() as cost:
        solver.step(1)
    assert (cost.alloc, cost.sync, cost.copy, cost.d2h) == (0, 0, 0, 0)


def test_every_training_net_of_the_examples_has_its_pictures() -> None:
    trained = {str(path.relative_to(examples())) for path in examples().rglob("*train*.prototxt")}
    assert trained == set(PICTURES) == set(LAUNCHES)
