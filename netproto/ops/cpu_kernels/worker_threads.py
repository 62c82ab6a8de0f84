"""The threads behind the workers: each takes jobs from a queue of its own, and may stand by when it has done one."""

from __future__ import annotations

import atexit
import os
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Thread, local
from time import sleep
from typing import Any

import numpy

Task = Callable[[int, int, int], None]
"""(first item, end of items, worker): what one worker does with its part."""

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

_task = local()
"""worker: as which worker this thread runs a part of a task; not there while it runs none."""


def inside() -> int | None:
    """As which worker this thread runs a part of a task, if it does."""
    return getattr(_task, "worker", None)


def _go_on(worker: int, calls: int) -> None:
    """What most do after their part."""


def side_by_side(parts: Sequence[tuple[Task, int, int]], abandon: Callable[[], None] = lambda: None, after: After = _go_on) -> None:
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


def enlist(count: int, after: After) -> None:
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
