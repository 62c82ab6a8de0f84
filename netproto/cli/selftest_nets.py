"""The example nets in `netproto selftest --gpu`: their gradients, whether the host waits for the device in training, and how fast it is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from ..layers.base import TRAIN
from ..net.net import Net
from ..ops.base import Ops
from ..ops.gpu import GpuOps
from ..schema import messages, upgrade
from ..solver import Solver
from ..testing.nets import PICTURES, example_net
from . import budgets
from .selftest_checks import ITERATIONS, Arrays, Check, Result, compared

TOLERANCE, TF32_TOLERANCE = 1e-2, 1e-1
"""Of the length of a gradient. A unit whose input is 0 but for rounding is on or off as rounding goes, and what it passes back with it."""

BATCH, FASTEST_BATCH = 2, 64
LEAST = 1e-3  # of the longest gradient: what is shorter is compared with this length


def of_nets(*, tf32: bool = False, small: bool = False) -> Iterator[Check]:
    """Every training net of examples/. small: on small pictures, and without speeds."""
    for name in PICTURES:
        yield Check(f"net {name}", partial(_agreement, name, tolerance=TF32_TOLERANCE if tf32 else TOLERANCE, small=small), large=True)
        yield Check(f"no wait in {name}", partial(_freedom, name, small=small), large=True)
        if not small:
            yield Check(f"speed of {name}", partial(speed, name), large=True)


def _agreement(name: str, ops: GpuOps, *, tolerance: float, small: bool) -> Result:
    """The loss and all gradients of a net against the CPU's."""
    net = example_net(name, BATCH, small=small)
    return compared(partial(_gradients, net), ops, tolerance=tolerance, distance=longest_difference)


def _gradients(net_param: Any, ops: Ops) -> Arrays:
    """The loss and all gradients of one pass."""
    net = Net(net_param, ops=ops, phase=TRAIN, seed=5)
    loss = net.forward()
    net.clear_param_diffs()
    net.backward()
    return [np.array(ops.to_host(array)) for array in (loss, *(param.blob.diff for param in net.learnable))]


def longest_difference(found: Arrays, wanted: Arrays) -> float:
    """Of all arrays, the longest difference relative to the array's length."""
    lengths = [float(np.linalg.norm(array)) for array in wanted]
    least = LEAST * max(lengths[1:], default=0.0)
    differences = [float(np.linalg.norm(f.astype("float64") - w)) for f, w in zip(found, wanted, strict=True)]
    off = [difference / max(length, least) for difference, length in zip(differences, lengths, strict=True)]
    return float(np.nan_to_num(off, nan=np.inf).max())


def _freedom(name: str, ops: GpuOps, *, small: bool) -> Result:
    """Whether the host is free while the net is trained."""
    return waits(solver_of(example_net(name, BATCH, small=small), ops), ops)


def waits(solver: Solver, ops: GpuOps) -> Result:
    """Whether a warm iteration of training waits for the device."""
    solver.step(2)
    ops.wait()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CuPy's own, that it may not see every wait
            with ops.cupyx.allow_synchronize(False):
                solver.step(1)
    except ops.cupyx.DeviceSynchronized as error:
        return Result(problem=f"the host waits for the device {error}".strip())
    ops.wait()
    return Result()


def speed(name: str, ops: GpuOps, *, cuda_graph: bool = False) -> Result:
    """Images a second of training, once it is warm, with pictures that are on the device already."""
    free, _ = ops.xp.cuda.Device().mem_info
    net = example_net(name, FASTEST_BATCH, drawn=False)
    _, found = budgets.of(net, TRAIN, 0, (), history=1, memory=free)
    batch = min(FASTEST_BATCH, next((b.largest_batch for b in found if b.use == "training" and b.largest_batch), FASTEST_BATCH))
    solver = solver_of(example_net(name, batch, drawn=False), ops, cuda_graph=cuda_graph)
    solver.step(3)
    ops.wait()
    start = perf_counter()
    solver.step(ITERATIONS)
    ops.wait()
    return Result(note=f"{ITERATIONS * batch / (perf_counter() - start):.0f} images/s in training, batch {batch}")


def solver_of(net_param: Any, ops: Ops, *, cuda_graph: bool = False, **fields: Any) -> Solver:
    """A solver for a net, as `netproto train` makes it. fields: of the SolverParameter."""
    message = messages.SolverParameter(**{"base_lr": 1e-4, "lr_policy": "fixed", "momentum": 0.9, "random_seed": 3, **fields})
    message.net_param.CopyFrom(net_param)
    return Solver(upgrade.solver(message), ops=ops, lean_training=True, cuda_graph=cuda_graph)
