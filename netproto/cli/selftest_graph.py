"""CUDA graphs in `netproto selftest --gpu`: the example nets trained by replaying, against trained by asking for every operation anew."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from ..ops.gpu import GpuOps
from ..testing.nets import PICTURES, example_net
from .selftest_checks import Arrays, Check, Result
from .selftest_nets import BATCH, TF32_TOLERANCE, TOLERANCE, longest_difference, solver_of, speed

ITERATIONS = 4
"""One as ever, one that is recorded, two that are replayed only."""

SOME = ("bvlc_alexnet/train_val.prototxt", "lenet/train_test.prototxt", "siamese/train_test.prototxt")


def of_graphs(*, tf32: bool = False, small: bool = False) -> Iterator[Check]:
    """Every training net of examples/. small: some of them on small pictures, and without speeds."""
    for name in SOME if small else PICTURES:
        yield Check(f"graph of {name}", partial(_agreement, name, tolerance=TF32_TOLERANCE if tf32 else TOLERANCE, small=small), large=True)
        if not small:
            yield Check(f"speed of {name} by graph", partial(speed, name, cuda_graph=True), large=True)


def _agreement(name: str, ops: GpuOps, *, tolerance: float, small: bool) -> Result:
    """What some iterations leave in the solver's history, in which all gradients and rates are."""
    net = example_net(name, BATCH, small=small)
    wanted, found = (_trained(net, ops, cuda_graph=cuda_graph) for cuda_graph in (False, True))
    return Result(longest_difference(found, wanted), tolerance)


def _trained(net_param: Any, ops: GpuOps, *, cuda_graph: bool) -> Arrays:
    """The rate is another in every iteration, so that one that was captured with the graph would show."""
    solver = solver_of(net_param, ops, cuda_graph=cuda_graph, lr_policy="exp", gamma=0.5)
    solver.step(ITERATIONS)
    return [np.array(ops.to_host(array)) for slot in solver.history for array in slot]
