"""What `netproto selftest --gpu` checks: each check compares a GPU's numbers with the CPU's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NetprotoError
from ..net.net import Net
from ..ops.base import Ops
from ..ops.cpu import CpuOps
from ..ops.gpu import GpuOps
from ..schema import messages, text, upgrade
from ..solver import Solver
from ..solver.rules import RULES
from ..testing.probes import make_probe
from ..testing.table import Case

TOLERANCE, TF32_TOLERANCE = 1e-4, 2e-2  # of the largest value
ITERATIONS = 5
SMALL_NETS = {"lenet/train_test.prototxt": (1, 28, 28)}
NETS = {**SMALL_NETS, "cifar10/quick_train_test.prototxt": (3, 32, 32), "bvlc_alexnet/train_val.prototxt": (3, 227, 227)}

TINY = """
layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param { shape { dim: 7 dim: 5 } shape { dim: 7 }
    data_filler { type: "gaussian" } data_filler { type: "constant" value: 1 } } }
layer { name: "hidden" type: "InnerProduct" bottom: "data" top: "hidden"
    inner_product_param { num_output: 11 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "hidden" top: "hidden" }
layer { name: "score" type: "InnerProduct" bottom: "hidden" top: "score"
    inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" }"""

Arrays = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Result:
    """One check. error: how far the GPU is off, relative to the largest value. note: what else was measured. problem: what went wrong."""

    name: str
    error: float = 0.0
    tolerance: float = TOLERANCE
    repeatable: bool = True
    note: str = ""
    problem: str = ""

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance and self.repeatable and not self.problem

    def what(self) -> str:
        """What is wrong."""
        if self.problem:
            return self.problem
        off = f"off by {self.error:.2g} of the largest value, more than {self.tolerance:.2g}"
        return off if self.error > self.tolerance else "a second run gives other bits"


def all_checks(ops: GpuOps, cases: Sequence[Case], *, examples: Path, tolerance: float, small: bool) -> Iterator[Result]:
    """cases: rows of THE TABLE. small: leave out what only a GPU does in time."""
    for case in cases:
        yield _compared(f"layer {case}", partial(_layer, case), ops, tolerance)
    for rule in RULES:
        yield _compared(f"solver {rule}", partial(_trained, rule), ops, tolerance)
    for name, shape in (SMALL_NETS if small else NETS).items():
        net = examples / name
        yield _compared(f"net {name}", partial(_gradients, _with_data(net, shape, 2)), ops, tolerance)
        yield _waits(f"no wait in {name}", _solver(_with_data(net, shape, 2), ops), ops)
        yield _speed(f"speed of {name}", _with_data(net, shape, 2 if small else 64), ops, 2 if small else 64)


def _compared(name: str, compute: Callable[[Ops], Arrays], ops: GpuOps, tolerance: float) -> Result:
    """The GPU's arrays against the CPU's, and against its own of a second run."""
    try:
        wanted, found, again = compute(CpuOps()), compute(ops), compute(ops)
    except (NetprotoError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        return Result(name, problem=f"{type(error).__name__}: {error}")
    repeatable = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found, again, strict=True))
    return Result(name, max((_off(f, w) for f, w in zip(found, wanted, strict=True)), default=0.0), tolerance, repeatable)


def _off(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """The largest difference relative to the largest finite value, at least 1; infinite where one has numbers and the other none."""
    if found.shape != wanted.shape:
        return float("inf")
    same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(found.astype("float64") - wanted))
    sizes = np.abs(wanted[np.isfinite(wanted) & (np.abs(wanted) < 1e30)])
    return float(np.nan_to_num(difference, nan=np.inf).max(initial=0.0) / max(1.0, sizes.max(initial=0.0)))


def _layer(case: Case, ops: Ops) -> Arrays:
    """The tops and gradients of one row."""
    probe = make_probe(case, ops)
    tops = probe.forward()
    if case.gradient is not True:
        return list(tops)
    upstream = [np.random.default_rng(15).standard_normal(top.shape).astype(np.float32) for top in tops]
    return [*tops, *probe.gradients(upstream)]


def _tiny(rule: str, ops: Ops) -> Solver:
    message = messages.SolverParameter(type=rule, base_lr=0.01, lr_policy="fixed", momentum=0.9, weight_decay=0.01, random_seed=3)
    if rule in ("AdaGrad", "RMSProp"):
        message.ClearField("momentum")
    message.net_param.CopyFrom(upgrade.net(text.parse(TINY, messages.NetParameter)))
    return Solver(upgrade.solver(message), ops=ops)


def _trained(rule: str, ops: Ops) -> Arrays:
    """What a few iterations of a solver type learn."""
    solver = _tiny(rule, ops)
    solver.step(ITERATIONS)
    return [np.array(ops.to_host(param.blob.data)) for param in solver.net.learnable]


def _gradients(net_param: Any, ops: Ops) -> Arrays:
    """The loss and all gradients of one pass."""
    net = Net(net_param, ops=ops, phase=0, seed=5)
    loss = net.forward()
    net.clear_param_diffs()
    net.backward()
    return [np.array(ops.to_host(array)) for array in (loss, *(param.blob.diff for param in net.learnable))]


def _with_data(path: Path, shape: tuple[int, ...], batch: int) -> Any:
    """An example's net, with drawn pictures in the place of its databases."""
    net = upgrade.load_net(str(path))
    rest = [layer for layer in net.layer if layer.type != "Data"]
    dims = " ".join(f"dim: {extent}" for extent in shape)
    data = (
        TINY.split("\nlayer")[1].replace("dim: 7 dim: 5", f"dim: {batch} {dims}").replace("shape { dim: 7 }", f"shape {{ dim: {batch} }}")
    )
    layers = [*text.parse(f"layer{data}", messages.NetParameter).layer, *rest]
    net.ClearField("layer")
    net.layer.extend(layers)
    return net


def _solver(net_param: Any, ops: Ops) -> Solver:
    message = messages.SolverParameter(base_lr=1e-4, lr_policy="fixed", momentum=0.9, random_seed=3)
    message.net_param.CopyFrom(net_param)
    return Solver(upgrade.solver(message), ops=ops)


def _waits(name: str, solver: Solver, ops: GpuOps) -> Result:
    """Whether a warm iteration of training runs without waiting for the device."""
    solver.step(2)
    ops.wait()
    try:
        with ops.cupyx.allow_synchronize(False):
            solver.step(1)
    except ops.cupyx.DeviceSynchronized as error:
        return Result(name, problem=f"it waits: {error}")
    ops.wait()
    return Result(name)


def _speed(name: str, net_param: Any, ops: GpuOps, batch: int) -> Result:
    """Images a second of training, once it is warm."""
    solver = _solver(net_param, ops)
    solver.step(2)
    ops.wait()
    start = perf_counter()
    solver.step(ITERATIONS)
    ops.wait()
    rate = ITERATIONS * batch / (perf_counter() - start)
    learned = sum(prod(param.blob.shape) for param in solver.net.learnable)
    return Result(name, note=f"{rate:.0f} images/s in training, batch {batch}, {learned} learned numbers")
