"""Work is shared out whole, once, and whatever a task does."""

from __future__ import annotations

from functools import partial

import pytest

from netproto.ops.cpu import CpuOps
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
