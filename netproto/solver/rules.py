"""How a solver changes one learned blob: one small rule per solver type.

A rule gets the blob with its gradient and its own history arrays. What all rules share (decay, L1, the scale of clipping and iter_size) is
part of the operation, so that each blob is passed over once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from ..blob import Array, Blob
from ..ops.base import Ops
from ..ops.reference.arrays import Number
from ..registry import Registry


@dataclass(frozen=True)
class Step:
    """What holds for one blob in one iteration.

    rate: with lr_mult and the rule's correction. decay: with decay_mult. l1: regularization_type is L1. scale: of the gradient.
    factors: dy and x, where the gradient is left as the product dy' x, and not in the blob's diff.
    """

    rate: Number
    decay: float
    l1: bool
    scale: Number
    factors: tuple[Array, Array] | None = None


Update = Callable[[Ops, Any, Blob, Sequence[Array], Step], None]
Correction = Callable[[Any, int], float]


@dataclass(frozen=True)
class Rule:
    """update(ops, SolverParameter, blob, histories, step) changes blob.data and the histories. slots: how many histories a blob has.

    correction(SolverParameter, iteration) multiplies the rate; iterations count from 0. takes_products: whether a step may have factors.
    """

    update: Update
    slots: int
    correction: Correction
    takes_products: bool = False


RULES: Registry[Rule] = Registry("solver type")


def _none(message: Any, iteration: int) -> float:
    return 1.0


def _enter(name: str, slots: int = 1, correction: Correction = _none, *, takes_products: bool = False) -> Callable[[Update], Update]:
    def enter(update: Update) -> Update:
        RULES.register(name)(Rule(update, slots, correction, takes_products))
        return update

    return enter


@_enter("SGD", takes_products=True)
def sgd(ops: Ops, message: Any, blob: Blob, history: Sequence[Array], step: Step) -> None:
    """v = momentum v + rate g; w -= v. Caffe: sgd_solver.cpp: the rate is inside v."""
    options = {"rate": step.rate, "momentum": message.momentum, "decay": step.decay, "l1": step.l1, "scale": step.scale}
    if step.factors is None:
        ops.sgd_update(blob.data, blob.diff, history[0], **options)
    else:
        ops.sgd_update_by_product(blob.data, *step.factors, history[0], **options)


@_enter("Nesterov")
def nesterov(ops: Ops, message: Any, blob: Blob, history: Sequence[Array], step: Step) -> None:
    """v' = momentum v + rate g; w -= (1 + momentum) v' - momentum v. Caffe: nesterov_solver.cpp."""
    ops.nesterov_update(
        blob.data, blob.diff, history[0], rate=step.rate, momentum=message.momentum, decay=step.decay, l1=step.l1, scale=step.scale
    )


@_enter("AdaGrad")
def adagrad(ops: Ops, message: Any, blob: Blob, history: Sequence[Array], step: Step) -> None:
    """h += g^2; w -= rate g / (sqrt(h) + delta). Caffe: adagrad_solver.cpp."""
    ops.adagrad_update(
        blob.data, blob.diff, history[0], rate=step.rate, delta=message.delta, decay=step.decay, l1=step.l1, scale=step.scale
    )


@_enter("RMSProp")
def rmsprop(ops: Ops, message: Any, blob: Blob, history: Sequence[Array], step: Step) -> None:
    """h = d h + (1 - d) g^2 with d = rms_decay; w -= rate g / (sqrt(h) + delta). Caffe: rmsprop_solver.cpp."""
    ops.rmsprop_update(
        blob.data,
        blob.diff,
        history[0],
        rate=step.rate,
        rms_decay=message.rms_decay,
        delta=message.delta,
        decay=step.decay,
        l1=step.l1,
        scale=step.scale,
    )


@_enter("AdaDelta", slots=2)
def adadelta(ops: Ops, message: Any, blob: Blob, history: Sequence[Array], step: Step) -> None:
    """With m = momentum: h = m h + (1 - m) g^2; u = g sqrt((delta + k) / (delta + h)); k = m k + (1 - m) u^2; w -= rate u.

    Caffe: adadelta_solver.cpp: delta is inside the roots.
    """
    ops.adadelta_update(
        blob.data,
        blob.diff,
        history[0],
        history[1],
        rate=step.rate,
        momentum=message.momentum,
        delta=message.delta,
        decay=step.decay,
        l1=step.l1,
        scale=step.scale,
    )


def _bias(message: Any, iteration: int) -> float:
    """Adam's means begin at 0: sqrt(1 - b^t) / (1 - a^t), t = iteration + 1."""
    t = iteration + 1
    return float(sqrt(1 - message.momentum2**t) / (1 - message.momentum**t))


@_enter("Adam", slots=2, correction=_bias)
def adam(ops: Ops, message: Any, blob: Blob, history: Sequence[Array], step: Step) -> None:
    """m = a m + (1 - a) g; v = b v + (1 - b) g^2; w -= rate m / (sqrt(v) + delta); the rate has the correction of the means in it.

    a is momentum (0 where the file has none), b momentum2. Caffe: adam_solver.cpp: delta is outside the root, decay part of g.
    """
    ops.adam_update(
        blob.data,
        blob.diff,
        history[0],
        history[1],
        rate=step.rate,
        momentum=message.momentum,
        momentum2=message.momentum2,
        delta=message.delta,
        decay=step.decay,
        l1=step.l1,
        scale=step.scale,
    )
