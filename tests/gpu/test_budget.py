"""What an iteration of training costs on the device, once it is warm: no array, no wait, and so many launches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netproto.ops.gpu import GpuOps
from netproto.schema import messages, text, upgrade
from netproto.solver import Solver

from . import fakecupy

EXAMPLES = Path(__file__).parents[2] / "examples"
BATCH = 2
SHAPES = {"bvlc_alexnet/train_val.prototxt": (3, 227, 227), "lenet/train_test.prototxt": (1, 28, 28)}
LAUNCHES = {"bvlc_alexnet/train_val.prototxt": 130, "lenet/train_test.prototxt": 54}
"""Of one iteration with a batch of 2. More than before wants a reason."""

DUMMY = """layer {{ name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {{
    shape {{ dim: {batch} {dims} }} shape {{ dim: {batch} }}
    data_filler {{ type: "gaussian" }} data_filler {{ type: "constant" value: 3 }} }} }}"""


def solver_of(example: str, ops: GpuOps) -> Solver:
    """A solver for an example's training net, with drawn pictures in the place of its database."""
    net = upgrade.load_net(str(EXAMPLES / example))
    layers = [layer for layer in net.layer if layer.type != "Data"]
    dims = " ".join(f"dim: {d}" for d in SHAPES[example])
    net.ClearField("layer")
    net.layer.extend([*text.parse(DUMMY.format(batch=BATCH, dims=dims), messages.NetParameter).layer, *layers])
    message: Any = messages.SolverParameter(base_lr=0.0001, momentum=0.9, weight_decay=0.0005, lr_policy="inv", gamma=0.1, power=0.75)
    message.net_param.CopyFrom(net)
    return Solver(upgrade.solver(message), ops=ops)


@pytest.mark.parametrize("example", SHAPES)
def test_a_warm_iteration(example: str, gpu_ops: Callable[..., GpuOps]) -> None:
    solver = solver_of(example, gpu_ops())
    solver.step(2)
    with fakecupy.counting() as cost:
        solver.step(1)
    assert (cost.alloc, cost.sync, cost.copy, cost.d2h) == (0, 0, 0, 0)
    assert cost.h2d == 1
    assert cost.launch == LAUNCHES[example], cost
