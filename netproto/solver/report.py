"""What a training run says: Caffe's own lines, which users' log parsers read. Caffe: src/caffe/solver.cpp.

The lines go to a logger; the prefix of time, thread and place is the business of whoever shows them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any

from ..blob import Array
from ..errors import SolverError
from ..ops.base import Ops

log = logging.getLogger("netproto.solver")

Output = tuple[str, float, float]  # name, value, loss weight


def outputs_of(net: Any) -> Iterator[Output]:
    """Each element of each output blob of a net that has run forward."""
    for name in net.outputs:
        weight = net.blob_loss_weight(name)
        for value in net.ops.to_host(net.blobs[name].data).reshape(-1).tolist():
            yield name, value, weight


def output_lines(which: str, outputs: Iterable[Output]) -> Iterator[str]:
    """`    Train net output #0: loss = 6.9 (* 1 = 6.9 loss)`. which: Train or Test."""
    for i, (name, value, weight) in enumerate(outputs):
        loss = f" (* {weight:g} = {weight * value:g} loss)" if weight else ""
        yield f"    {which} net output #{i}: {name} = {value:g}{loss}"


class MeanOutputs:
    """The mean of each element of a net's outputs over its forward passes."""

    def __init__(self) -> None:
        self._totals: list[Output] = []
        self._passes = 0

    def add(self, net: Any) -> None:
        """Count in the outputs of a net that has just run forward."""
        outputs = list(outputs_of(net))
        before = self._totals or [(name, 0.0, weight) for name, _, weight in outputs]
        if len(before) != len(outputs):
            raise SolverError(
                f"a batch of the test gives {len(outputs)} numbers, the one before {len(before)}: they have no mean",
                hint="The rows of a DetectionEvaluate layer want eval_type: 'detection'",
            )
        self._totals = [(n, total + value, w) for (_, total, _), (n, value, w) in zip(before, outputs, strict=True)]
        self._passes += 1

    def __iter__(self) -> Iterator[Output]:
        return ((name, total / self._passes, weight) for name, total, weight in self._totals)


class SpeedLine:
    """`Iteration 20 (3.1 iter/s, 6.5s/20 iters), loss = 6.9`: the speed since the line before."""

    def __init__(self, iteration: int):
        self._iteration, self._time = iteration, time.perf_counter()

    def line(self, iteration: int, display: int, loss: float) -> str:
        now = time.perf_counter()
        seconds = now - self._time
        per_second = (iteration - self._iteration) / (seconds or 1.0)
        self._iteration, self._time = iteration, now
        return f"Iteration {iteration} ({per_second:g} iter/s, {seconds:g}s/{display} iters), loss = {loss:g}"


class SmoothedLoss:
    """The mean loss of the last `window` iterations, kept where losses are made. Caffe: Solver::UpdateSmoothedLoss."""

    def __init__(self, ops: Ops, window: int):
        self._ops = ops
        losses = ops.zeros((max(window, 1),))
        self._places = [losses[i : i + 1].reshape(()) for i in range(len(losses))]
        self._losses = losses
        self._count = 0

    def clear(self) -> None:
        """Forget all losses."""
        self._count = 0

    def next(self) -> Array:
        """Where the next loss goes, a 0 of shape (): it takes the place of the oldest."""
        place = self._places[self._count % len(self._places)]
        self._ops.fill(place, 0)
        self._count += 1
        return place

    @property
    def last(self) -> Array | None:
        """The newest loss, None before the first."""
        return self._places[(self._count - 1) % len(self._places)] if self._count else None

    @property
    def value(self) -> float:
        """Waits for the device."""
        losses = self._ops.to_host(self._losses)[: self._count].tolist()
        return float(sum(losses)) / len(losses)
