"""What `netproto selftest --gpu` checks: each check compares a GPU's numbers with the CPU's, or the GPU with what it promises."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ops.base import Ops
from ..ops.cpu import CpuOps
from ..ops.gpu import GpuOps
from ..schema import messages, text, upgrade
from ..solver import Solver
from ..solver.rules import RULES
from ..testing.cases import CASES
from ..testing.probes import make_probe
from ..testing.table import Case

TOLERANCE, TF32_TOLERANCE = 1e-4, 2e-2  # of the largest value
ITERATIONS = 5

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
Distance = Callable[[Arrays, Arrays], float]


@dataclass(frozen=True)
class Result:
    """What a check found. error: how far the GPU is off. note: what else was measured. problem: what went wrong."""

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


@dataclass(frozen=True)
class Check:
    """One thing to find out about a GPU's operations. large: whether it wants the memory of those before."""

    name: str
    find: Callable[[GpuOps], Result]
    large: bool = False

    def run(self, ops: GpuOps) -> Result:
        """The result; what the check raises is one, too, whatever CuPy's errors derive from."""
        try:
            if self.large:
                gc.collect()
                ops.release()
            return self.find(ops)
        except Exception as error:
            return Result(problem=f"{type(error).__name__}: {error}")


def of_layers(*, tf32: bool = False) -> Iterator[Check]:
    """Every row of THE TABLE, forward and backward."""
    for case in CASES:
        yield Check(f"layer {case}", partial(compared, partial(layer, case), tolerance=TF32_TOLERANCE if tf32 else TOLERANCE))


def of_solvers(*, tf32: bool = False) -> Iterator[Check]:
    """Every solver type, for a few iterations of a tiny net."""
    for rule in RULES:
        yield Check(f"solver {rule}", partial(compared, partial(_trained, rule), tolerance=TF32_TOLERANCE if tf32 else TOLERANCE))


def compared(compute: Callable[[Ops], Arrays], ops: GpuOps, *, tolerance: float, distance: Distance | None = None) -> Result:
    """The GPU's arrays against the CPU's, and against its own of a second run. distance: in the place of `largest_difference`."""
    return agreement(compute(CpuOps()), compute(ops), compute(ops), tolerance=tolerance, distance=distance)


def agreement(wanted: Arrays, found: Arrays, again: Arrays, *, tolerance: float, distance: Distance | None = None) -> Result:
    """Arrays against those that are wanted, and against those of a second run."""
    repeatable = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found, again, strict=True))
    return Result((distance or largest_difference)(found, wanted), tolerance, repeatable)


def largest_difference(found: Arrays, wanted: Arrays) -> float:
    """Of all arrays, the largest difference, relative to the largest finite value of the array or 1; infinite where numbers are missing."""
    return max((_off(f, w) for f, w in zip(found, wanted, strict=True)), default=0.0)


def _off(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    if found.shape != wanted.shape:
        return float("inf")
    same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(found.astype("float64") - wanted))
    sizes = np.abs(wanted[np.isfinite(wanted) & (np.abs(wanted) < 1e30)])
    return float(np.nan_to_num(difference, nan=np.inf).max(initial=0.0) / max(1.0, sizes.max(initial=0.0)))


def layer(case: Case, ops: Ops) -> Arrays:
    """The tops and gradients of one row."""
    probe = make_probe(case, ops)
    tops = probe.forward()
    if case.gradient is not True:
        return list(tops)
    upstream = [np.random.default_rng(15).standard_normal(top.shape).astype(np.float32) for top in tops]
    return [*tops, *probe.gradients(upstream)]


def tiny(rule: str, ops: Ops) -> Solver:
    """A solver of this type for a net of two layers."""
    message = messages.SolverParameter(type=rule, base_lr=0.01, lr_policy="fixed", momentum=0.9, weight_decay=0.01, random_seed=3)
    if rule in ("AdaGrad", "RMSProp"):
        message.ClearField("momentum")
    message.net_param.CopyFrom(upgrade.net(text.parse(TINY, messages.NetParameter)))
    return Solver(upgrade.solver(message), ops=ops)


def _trained(rule: str, ops: Ops) -> Arrays:
    """What a few iterations of a solver type learn."""
    solver = tiny(rule, ops)
    solver.step(ITERATIONS)
    return [np.array(ops.to_host(param.blob.data)) for param in solver.net.learnable]
