"""One worker per core: persistent threads that share out numbered items, always in the same way.

Kernels release the GIL, so Python threads run them side by side. The calling thread is worker 0. Item i goes to the same worker each time,
which makes a run reproducible; a kernel whose items are independent gives the same bits for any number of workers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy

from .worker_threads import Task, enlist, inside, side_by_side

WORTH = 2**21
"""Multiply-adds that are worth waking a worker for: it takes 50 microseconds, in which a core does as many."""

Together = Callable[[int, int], None]
"""(worker, count): what one worker of so many does."""


class Standby(Protocol):
    """How workers stand by."""

    def lead(self) -> bool:
        """Do all of the task, ours and that of those who stand by; or nothing, and False, unless all do."""

    def stand_by(self, worker: int, calls: int) -> None:
        """As After: for a moment, until a leader tells the worker what to do."""


def core_count() -> int:
    """OMP_NUM_THREADS where it is a number, else the cores this process may run on."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Room(Protocol):
    """What a kernel with workspaces needs of the operations it is part of."""

    workers: Workers

    def scratch(self, name: str, shape: Sequence[int], dtype: str = "real") -> Any: ...

    def empty(self, shape: Sequence[int], dtype: str = "real") -> Any: ...


def bias_or_zeros(ops: Room, bias: Any, count: int) -> Any:
    """The bias, or as many zeros where there is none."""
    if bias is not None:
        return bias
    zeros = ops.scratch("zeros", (count,))
    zeros.fill(0)
    return zeros


class Workers:
    """`count` workers; their threads start at the first call that needs them and end with the process."""

    def __init__(self, count: int | None = None):
        self.count = count or core_count()

    def share(self, items: int, task: Task, *, least: int = 1) -> None:
        """Run task(lo, hi, worker) over range(items), cut into one contiguous part per worker; return when all are done.

        least: the fewest items that are worth waking a worker for. Raises what a task raised. A task that shares out work itself does all
        of that work: the other workers are busy with their parts of the task.
        """
        parts = max(1, min(self.count, items // least))
        worker = inside()
        if parts == 1 or worker is not None:
            task(0, items, worker or 0)
            return
        bounds = [items * i // parts for i in range(parts + 1)]
        side_by_side([(task, bounds[i], bounds[i + 1]) for i in range(parts)])

    def together(self, task: Together, count: int, abandon: Callable[[], None], standby: Standby | None = None) -> None:
        """Run task(worker, count) of so many workers at the same time: they may wait for each other.

        abandon: is called where a worker does not come, as an interrupt kept it from it; those who wait have to give up then. Within a task
        that is shared out there is one worker. standby: how they wait for the next such task, which begins at once then.
        """
        if self._is_alone(count):
            task(0, 1)
        elif standby is None:
            side_by_side([(lambda lo, hi, worker: task(worker, count), 0, 0)] * count, abandon)
        elif not standby.lead():
            side_by_side([(lambda lo, hi, worker: task(worker, count), 0, 0)] * count, abandon, standby.stand_by)

    def if_ready(self, task: Together, count: int, standby: Standby, *, ask: bool) -> None:
        """Run task(worker, count) of so many workers if the others stand by, and else alone: it is too little to wake them for.

        ask: have them stand by for the next task, when they can.
        """
        if self._is_alone(count):
            task(0, 1)
        elif not standby.lead():
            task(0, 1)
            if ask:
                enlist(count, standby.stand_by)

    def _is_alone(self, count: int) -> bool:
        return count == 1 or inside() is not None


def part(items: int, worker: int, count: int) -> tuple[int, int]:
    """The range of items that is one worker's of `count`."""
    return items * worker // count, items * (worker + 1) // count


def fits(*arrays: Any) -> bool:
    """Whether kernels can be run on the arrays, which may be None: numpy's own, of C-contiguous float32."""
    return all(a is None or (type(a) is numpy.ndarray and a.dtype == numpy.float32 and a.flags.carray) for a in arrays)
