"""One worker per core: persistent threads that share out numbered items, always in the same way.

Kernels release the GIL, so Python threads run them side by side. The calling thread is worker 0. Item i goes to the same worker each time,
which makes a run reproducible; a kernel whose items are independent gives the same bits for any number of workers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Lock, Thread, local
from typing import Any, Protocol

import numpy

Task = Callable[[int, int, int], None]
"""(first item, end of items, worker): what one worker does with its part."""

WORTH = 2**21
"""Multiply-adds that are worth waking a worker for: it takes 50 microseconds, in which a core does as many."""

Job = tuple[Task, int, int, int, "SimpleQueue[BaseException | None]"]


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
        inside = getattr(_task, "worker", None)
        if parts == 1 or inside is not None:
            task(0, items, inside or 0)
            return
        bounds = [items * i // parts for i in range(parts + 1)]
        _side_by_side([(task, bounds[i], bounds[i + 1]) for i in range(parts)])

    def together(self, task: Callable[[int, int], None], count: int, abandon: Callable[[], None]) -> None:
        """Run task(worker, count) of so many workers at the same time: they may wait for each other.

        abandon: is called where a worker does not come, as an interrupt kept it from it; those who wait have to give up then. Within a task
        that is shared out there is one worker.
        """
        inside = getattr(_task, "worker", None)
        if count == 1 or inside is not None:
            task(0, 1)
            return
        _side_by_side([(lambda lo, hi, worker: task(worker, count), 0, 0)] * count, abandon)


def part(items: int, worker: int, count: int) -> tuple[int, int]:
    """The range of items that is one worker's of `count`."""
    return items * worker // count, items * (worker + 1) // count


def fits(*arrays: Any) -> bool:
    """Whether kernels can be run on the arrays, which may be None: numpy's own, of C-contiguous float32."""
    return all(a is None or (type(a) is numpy.ndarray and a.dtype == numpy.float32 and a.flags.carray) for a in arrays)


_sending = Lock()
"""Held while parts are sent out: those who wait for each other have to stand in the same order in all queues."""
_task = local()
"""worker: as which worker this thread runs a part of a task; not there while it runs none."""


def _side_by_side(parts: Sequence[tuple[Task, int, int]], abandon: Callable[[], None] = lambda: None) -> None:
    """Run a part on each worker, the first one on this thread; raise what one raised, when all are done."""
    done: SimpleQueue[BaseException | None] = SimpleQueue()
    sent, error = 0, None
    try:
        with _sending:
            for worker, queue in enumerate(_queues(len(parts) - 1), 1):
                queue.put((*parts[worker], worker, done))
                sent += 1
        error = _attempt(*parts[0], 0)
    except BaseException as interrupt:
        error = interrupt
    if error is not None:
        abandon()
    for raised in [error, *(_wait(done) for _ in range(sent))]:
        if raised is not None:
            raise raised


def _attempt(task: Task, lo: int, hi: int, worker: int) -> BaseException | None:
    _task.worker = worker
    try:
        task(lo, hi, worker)
    except BaseException as error:
        return error
    finally:
        del _task.worker
    return None


def _wait(done: SimpleQueue[BaseException | None]) -> BaseException | None:
    """The next answer. An interrupt waits with us: the arrays are not free before every worker is done."""
    interrupt = None
    while True:
        try:
            return done.get() or interrupt
        except KeyboardInterrupt as error:
            interrupt = error


_threads: list[SimpleQueue[Job]] = []


def _queues(count: int) -> list[SimpleQueue[Job]]:
    """The queues of the first `count` threads, which all Workers have in common."""
    while len(_threads) < count:
        queue: SimpleQueue[Job] = SimpleQueue()
        Thread(target=_serve, args=(queue,), name=f"netproto-worker-{len(_threads) + 1}", daemon=True).start()
        _threads.append(queue)
    return _threads[:count]


def _serve(queue: SimpleQueue[Job]) -> None:
    while True:
        task, lo, hi, worker, done = queue.get()
        done.put(_attempt(task, lo, hi, worker))
        del task


def _forget() -> None:
    """In a child of this process there are none of its threads."""
    _threads.clear()
    _sending.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_sending.acquire, after_in_parent=_sending.release, after_in_child=_forget)
