"""A training iteration of BVLC AlexNet takes no large array from memory: neither numpy's nor what numpy does not know of."""

from __future__ import annotations

import resource
import tracemalloc
from pathlib import Path

import pytest

from netproto.ops.cpu import CpuOps
from netproto.schema import messages, upgrade
from netproto.solver import Solver

EXAMPLE = Path(__file__).parents[2] / "examples" / "bvlc_alexnet" / "train_val.prototxt"
BATCH = 6
LARGE = 1 << 20
PAGE = resource.getpagesize()


@pytest.fixture(scope="module")
def solver() -> Solver:
    """AlexNet's own training net, its database replaced by constant pictures of the same shape, after two iterations."""
    net = upgrade.load_net(str(EXAMPLE))
    data = next(layer for layer in net.layer if layer.type == "Data")
    data.ClearField("data_param")
    data.ClearField("transform_param")
    data.type = "DummyData"
    for dims in ([BATCH, 3, 227, 227], [BATCH]):
        data.dummy_data_param.shape.add(dim=dims)
    data.dummy_data_param.data_filler.add(type="gaussian", std=50)
    data.dummy_data_param.data_filler.add(type="constant", value=3)
    message = messages.SolverParameter(
        base_lr=0.001, lr_policy="fixed", momentum=0.9, weight_decay=0.0005, max_iter=10, random_seed=1, type="SGD"
    )
    message.net_param.CopyFrom(net)
    solver = Solver(message, ops=CpuOps())
    solver.net.layers[0].forward = lambda bottom, top: None  # the pictures stay
    solver.step(2)
    return solver


def test_numpy_allocates_no_large_array(solver: Solver) -> None:
    tracemalloc.start()
    solver.step(1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < LARGE


def test_the_process_touches_no_new_memory(solver: Solver) -> None:
    """A fresh array of 1 MB is 256 page faults, whoever allocates it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    solver.step(2)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    assert faults * PAGE < 2 * LARGE
