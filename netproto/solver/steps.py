"""What an iteration asks of the device: gradients to zero, passes, the update. Caffe: SGDSolver::ApplyUpdate of sgd_solver.cpp."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from math import sqrt
from typing import TYPE_CHECKING

from ..blob import Array
from ..ops.reference.arrays import Number
from .rules import Step

if TYPE_CHECKING:
    from .solver import Solver

log = logging.getLogger("netproto.solver")


class Steps:
    """The steps of a solver's iterations."""

    def __init__(self, solver: Solver):
        self.solver = solver

    def clear(self) -> None:
        """Set the gradients of all learned blobs to zero."""
        self.solver.net.clear_param_diffs()

    def run(self, loss: Array) -> None:
        """One pass forward and backward: its loss and its gradients are added to what is there."""
        self.solver.net.forward(loss=loss)
        self.solver.net.backward()

    def update(self, rate: float, *, displayed: bool = False) -> None:
        """Change every learned blob by its gradient."""
        self.change(self.rates(rate))
        if displayed and self.solver.ops.asynchronous:
            self.say_clipping()

    def rates(self, rate: float) -> dict[float, float]:
        """The rates of this iteration by lr_mult."""
        solver = self.solver
        correction = solver.rule.correction(solver.message, solver.iter)
        return {multiplier: rate * multiplier * correction for multiplier in {param.lr_mult for param in solver.net.learnable}}

    def change(self, rates: Mapping[float, Number]) -> None:
        """Change every learned blob by its gradient and the rate of its lr_mult."""
        solver, message, scale = self.solver, self.solver.message, self._scale()
        l1 = message.regularization_type == "L1"
        for i, param in enumerate(solver.net.learnable):
            step = Step(rates[param.lr_mult], message.weight_decay * param.decay_mult, l1, scale, solver.net.factors(i))
            solver.rule.update(solver.ops, message, param.blob, [slot[i] for slot in solver.history], step)

    def _scale(self) -> Number:
        """What gradients are multiplied by: clip_gradients and iter_size. On a device it stays there."""
        message, ops = self.solver.message, self.solver.ops
        if message.clip_gradients < 0:
            return 1.0 / message.iter_size
        squares = ops.scratch("solver.squares", ())
        self._add_squares(squares)
        if not ops.asynchronous:
            return self.say_clipping() / message.iter_size
        scale = ops.scratch("solver.scale", ())
        ops.clip_scale(squares, scale, limit=message.clip_gradients, divisor=float(message.iter_size))
        return scale

    def _add_squares(self, squares: Array) -> None:
        """squares = the square of the norm of the gradients of all learned blobs, before iter_size divides and decay adds."""
        ops = self.solver.ops
        ops.fill(squares, 0)
        for param in self.solver.net.learnable:
            ops.add_dot(param.blob.diff, param.blob.diff, squares)

    def say_clipping(self) -> float:
        """What clip_gradients multiplies the gradients of the last update by; said where it is not 1. On a device it waits."""
        limit = self.solver.message.clip_gradients
        if limit < 0:
            return 1.0
        norm = sqrt(float(self.solver.ops.scratch("solver.squares", ())))
        if norm <= limit:
            return 1.0
        log.info("Gradient clipping: scaling down gradients (L2 norm %g > %g) by scale factor %g", norm, limit, limit / norm)
        return float(limit / norm)
