"""Work is shared out whole, once, and whatever a task does."""

from __future__ import annotations

import pytest

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


def test_after_a_task_failed_work_is_shared_out_again() -> None:
    workers = Workers(2)
    with pytest.raises(ZeroDivisionError):
        workers.share(2, lambda lo, hi, worker: 1 // 0)
    seen: list[int] = []
    workers.share(2, lambda lo, hi, worker: seen.append(worker))
    assert sorted(seen) == [0, 1]
