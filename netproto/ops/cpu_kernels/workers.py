"""One worker per core: persistent threads that share out numbered items, always in the same way.

Kernels release the GIL, so Python threads run them side by side. The calling thread is worker 0. Item i goes to the same worker each time,
which makes a run reproducible; a kernel whose items are independent gives the same bits for any number of workers.
"""

from __future__ import annotations

import atexit
import os
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Thread, local
from time import sleep
from typing import Any, Protocol

import numpy

Task = Callable[[int, int, int], None]
"""(first item, end of items, worker): what one worker does with its part."""

WORTH = 2**21
"""Multiply-adds that are worth waking a worker for: it takes 50 microseconds, in which a core does as many."""

Together = Callable[[int, int], None]
"""(worker, count): what one worker of so many does."""

Answers = list[tuple[BaseException | None] | None]
"""For each worker what its part raised, as soon as that is done."""
LOOKS = 50
"""How often to look for the others' answers before going to sleep: to be woken takes longer than most parts differ."""
After = Callable[[int, int], None]
"""(worker, calls seen): what a worker does when its part of a task is done, until it is called: `boxes` counts calls."""
Job = tuple[Task, int, int, int, Answers, "SimpleQueue[None]", After]

MOST, BOX, CALLS = 256, 16, 0
"""How many workers have boxes, the numbers of a box, and which of them says how often the worker was called."""
boxes: Any = numpy.zeros((MOST, BOX), numpy.int64)
"""A row for each worker but the first, which all Workers have in common (standby.py)."""


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
        inside = getattr(_task, "worker", None)
        if parts == 1 or inside is not None:
            task(0, items, inside or 0)
            return
        bounds = [items * i // parts for i in range(parts + 1)]
        _side_by_side([(task, bounds[i], bounds[i + 1]) for i in range(parts)])

    def together(self, task: Together, count: int, abandon: Callable[[], None], standby: Standby | None = None) -> None:
        """Run task(worker, count) of so many workers at the same time: they may wait for each other.

        abandon: is called where a worker does not come, as an interrupt kept it from it; those who wait have to give up then. Within a task
        that is shared out there is one worker. standby: how they wait for the next such task, which begins at once then.
        """
        if self._is_alone(count):
            task(0, 1)
        elif standby is None or count > MOST:
            _side_by_side([(lambda lo, hi, worker: task(worker, count), 0, 0)] * count, abandon)
        elif not standby.lead():
            _side_by_side([(lambda lo, hi, worker: task(worker, count), 0, 0)] * count, abandon, standby.stand_by)

    def if_ready(self, task: Together, count: int, standby: Standby, *, ask: bool) -> None:
        """Run task(worker, count) of so many workers if the others stand by, and else alone: it is too little to wake them for.

        ask: have them stand by for the next task, when they can.
        """
        if self._is_alone(count) or count > MOST:
            task(0, 1)
        elif not standby.lead():
            task(0, 1)
            if ask:
                _ask(count, standby.stand_by)

    def _is_alone(self, count: int) -> bool:
        return count == 1 or getattr(_task, "worker", None) is not None


def part(items: int, worker: int, count: int) -> tuple[int, int]:
    """The range of items that is one worker's of `count`."""
    return items * worker // count, items * (worker + 1) // count


def fits(*arrays: Any) -> bool:
    """Whether kernels can be run on the arrays, which may be None: numpy's own, of C-contiguous float32."""
    return all(a is None or (type(a) is numpy.ndarray and a.dtype == numpy.float32 and a.flags.carray) for a in arrays)


_task = local()
"""worker: as which worker this thread runs a part of a task; not there while it runs none."""


def _go_on(worker: int, calls: int) -> None:
    """What most do after their part."""


def _side_by_side(parts: Sequence[tuple[Task, int, int]], abandon: Callable[[], None] = lambda: None, after: After = _go_on) -> None:
    """Run a part on each worker, the first one on this thread; raise what one raised, when all are done.

    Parts are sent, with a word to ourselves behind them, by one call that runs no line of Python: an interrupt comes before it or after,
    and other threads too. So parts that wait for each other stand in the same order in all queues.
    """
    answers: Answers = [None] * len(parts)
    done: SimpleQueue[None] = SimpleQueue()
    sent: SimpleQueue[Any] = SimpleQueue()
    jobs = [(*part, worker, answers, done, after) for worker, part in enumerate(parts)]
    queues = [*_queues(len(parts) - 1), sent]
    error: BaseException | None = None
    try:
        deque(map(SimpleQueue.put, queues, [*jobs[1:], None]), maxlen=0)
        boxes[: len(parts) - 1, CALLS] += 1
        error = _attempt(*parts[0], 0)
    except BaseException as interrupt:
        error = interrupt
    if error is not None:
        abandon()
    answers[0] = (error,)
    interrupted = None if sent.empty() else _wait(answers, done)
    for raised in [interrupted, *(answer[0] for answer in answers if answer)]:
        if raised is not None:
            raise raised


def _ask(count: int, after: After) -> None:
    """Have the first workers do something when they have nothing else to do."""
    for worker, queue in enumerate(_queues(count - 1), 1):
        if queue.empty():
            queue.put((lambda lo, hi, worker: None, 0, 0, worker, [None] * count, SimpleQueue(), after))


def _attempt(task: Task, lo: int, hi: int, worker: int) -> BaseException | None:
    _task.worker = worker
    try:
        task(lo, hi, worker)
    except BaseException as error:
        return error
    finally:
        del _task.worker
    return None


def _wait(answers: Answers, done: SimpleQueue[None]) -> BaseException | None:
    """Wait for all answers. An interrupt waits with us, and is returned: the arrays are not free before every worker is done.

    An answer stands there before it is announced: an announcement that an interrupt lets us miss is not needed.
    """
    interrupt = None
    while True:
        try:
            for _ in range(LOOKS):
                if None not in answers:
                    return interrupt
                sleep(0)
            while None in answers:
                done.get()
            return interrupt
        except KeyboardInterrupt as error:
            interrupt = error


_threads: list[SimpleQueue[Job]] = []


def _queues(count: int) -> list[SimpleQueue[Job]]:
    """The queues of the first `count` threads, which all Workers have in common."""
    while len(_threads) < count:
        queue: SimpleQueue[Job] = SimpleQueue()
        worker = len(_threads) + 1
        Thread(target=_serve, args=(queue, worker), name=f"netproto-worker-{worker}", daemon=True).start()
        _threads.append(queue)
    return _threads[:count]


def _serve(queue: SimpleQueue[Job], worker: int) -> None:
    """The life of a worker. A call comes after what it is for is in the queue: who has seen the call, or no job, misses none."""
    while True:
        task, lo, hi, worker, answers, done, after = queue.get()
        answers[worker] = (_attempt(task, lo, hi, worker),)
        done.put(None)
        del task, answers
        if worker <= MOST:
            calls = int(boxes[worker - 1, CALLS])
            if queue.empty():
                after(worker, calls)
        del after


def _call_all() -> None:
    """At the end of the program nobody may look at boxes that are no more."""
    boxes[:, CALLS] += 1


def _forget() -> None:
    """A process that was forked off has no workers yet."""
    _threads.clear()
    boxes.fill(0)


atexit.register(_call_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
