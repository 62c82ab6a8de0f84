"""Work is shared out whole, once, and whatever a task does."""

from __future__ import annotations

import threading
from functools import partial
from queue import SimpleQueue
from threading import Barrier, Thread
from time import sleep
from typing import Any

import pytest

from netproto.ops.cpu import CpuOps
from netproto.ops.cpu_kernels import worker_threads
from netproto.ops.cpu_kernels.workers import Workers


@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_item_is_done_once(count: int) -> None:
    done = [0] * 7
    Workers(count).share(7, lambda lo, hi, worker: done.__setitem__(slice(lo, hi), [n + 1 for n in done[lo:hi]]))
    assert done == [1] * 7


def test_a_task_that_shares_out_work_itself_does_it_all_as_the_worker_it_is() -> None:
    """Were the parts of the inner work queued, each worker would wait for the other."""
    workers, seen = Workers(2), []
    workers.share(2, lambda lo, hi, outer: workers.share(5, lambda a, b, inner: seen.append((outer, inner, a, b))))
    assert sorted(seen) == [(0, 0, 0, 5), (1, 1, 0, 5)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_tasks_side_by_side_are_all_done_and_the_first_failure_is_told(count: int) -> None:
    ops, done = CpuOps(threads=count), []

    def task(number: int) -> None:
        done.append(number)
        if number in (3, 5):
            raise ValueError(number)

    with pytest.raises(ValueError, match="3"):
        ops.side_by_side([partial(task, number) for number in range(7)])
    assert sorted(done) == list(range(7))
    ops.side_by_side([partial(task, number) for number in (8, 9)])
    assert sorted(done)[-2:] == [8, 9]


def test_after_a_task_failed_work_is_shared_out_again() -> None:
    workers = Workers(2)
    with pytest.raises(ZeroDivisionError):
        workers.share(2, lambda lo, hi, worker: 1 // 0)
    seen: list[int] = []
    workers.share(2, lambda lo, hi, worker: seen.append(worker))
    assert sorted(seen) == [0, 1]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_workers_that_wait_for_each_other(count: int) -> None:
    barrier, seen = Barrier(count, timeout=60), []

    def task(worker: int, of: int) -> None:
        barrier.wait()
        seen.append((worker, of))

    Workers(count).together(task, count, barrier.abort)
    assert sorted(seen) == [(worker, count) for worker in range(count)]


def test_who_waits_in_vain_gives_up() -> None:
    barrier = Barrier(2, timeout=60)

    def task(worker: int, _: int) -> None:
        if worker == 0:
            raise KeyboardInterrupt
        barrier.wait()

    with pytest.raises(KeyboardInterrupt):
        Workers(2).together(task, 2, barrier.abort)
    assert barrier.broken


def test_several_threads_may_let_workers_wait_for_each_other() -> None:
    """Were they sent out in different orders to different workers, each would wait for one that another one keeps."""
    workers, done = Workers(3), []

    def passes() -> None:
        for _ in range(50):
            barrier = Barrier(3, timeout=60)
            workers.together(lambda *_, barrier=barrier: barrier.wait(), 3, barrier.abort)
            done.append(1)

    threads = [Thread(target=passes) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 150


def test_an_interrupt_while_others_work_is_raised_when_they_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many announcements as there are workers are missed, as if a signal had come just behind each."""
    misses = [2]

    class Interrupting(SimpleQueue):
        def get(self, *args: Any) -> Any:
            got = super().get(*args)
            if misses and threading.current_thread() is threading.main_thread():
                misses[0] -= 1
                if misses[0] >= 0:
                    raise KeyboardInterrupt
            return got

    def task(lo: int, hi: int, worker: int) -> None:
        sleep(worker / 20)
        done.append(worker)

    monkeypatch.setattr(worker_threads, "SimpleQueue", Interrupting)
    monkeypatch.setattr(worker_threads, "LOOKS", 0)
    done: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        Workers(3).share(3, task)
    assert sorted(done) == [0, 1, 2]
    Workers(3).share(3, task)
    assert len(done) == 6
