"""Workers that stand by for the next pass: who may be told what, and who goes away."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Thread

import numpy as np
import pytest

from netproto.ops.cpu_kernels import standby, worker_threads
from netproto.ops.cpu_kernels.worker_threads import BOX, CALLS
from netproto.ops.cpu_kernels.workers import Workers

AWAY, HERE, CLAIMED, TOLD = standby.AWAY, standby.HERE, standby.CLAIMED, standby.TOLD


def boxes(*states: int) -> np.ndarray:
    made = np.zeros((len(states), BOX), np.int64)
    made[:, standby.STATE] = states
    return made


def test_who_stands_by_is_told_what_to_do() -> None:
    both = boxes(HERE, HERE)
    assert standby.lead(both, 11, 12, 13, 3)
    fields = [standby.STATE, standby.STEPS, standby.COUNT, standby.GATE, standby.WORKERS, CALLS]
    assert both[:, fields].tolist() == [[TOLD, 11, 12, 13, 3, 0]] * 2


@pytest.mark.parametrize("states", [(AWAY, HERE), (HERE, AWAY), (HERE, CLAIMED), (TOLD, HERE)])
def test_nobody_is_told_anything_unless_all_stand_by(states: tuple[int, int]) -> None:
    both = boxes(*states)
    assert not standby.lead(both, 11, 12, 13, 3)
    assert both[:, standby.STATE].tolist() == list(states)
    assert not both[:, standby.STEPS].any()


def test_more_workers_than_boxes_are_told_nothing() -> None:
    one = boxes(HERE)
    assert not standby.lead(one, 11, 12, 13, 3)
    assert one[0, standby.STATE] == HERE


def test_others_need_not_stand_by() -> None:
    both = boxes(HERE, AWAY)
    assert standby.lead(both, 11, 12, 13, 2)
    assert both[:, standby.STATE].tolist() == [TOLD, AWAY]


def test_a_worker_that_is_called_goes_away() -> None:
    one = boxes(AWAY)
    one[0, CALLS] = 5
    assert not standby.stand_by(one, 1, 4)
    assert one[0, standby.STATE] == AWAY


def test_a_worker_goes_away_after_a_while() -> None:
    one = boxes(AWAY)
    assert not standby.stand_by(one, 1, 0)
    assert one[0, standby.STATE] == AWAY


def test_a_worker_that_was_told_goes_to_work_though_it_is_called() -> None:
    """It waits while a leader keeps it, and the leader waits until its part is done."""
    one, found = boxes(AWAY), []
    for _ in range(200):
        worker = Thread(target=lambda: found.append(standby.stand_by(one, 1, 0)))
        worker.start()
        led = standby.lead(one, 11, 12, 13, 2)
        one[0, CALLS] += 1
        worker.join()
        assert found.pop() == led
        assert one[0, standby.STATE] == (TOLD if led else AWAY)
        one[0, standby.STATE] = AWAY
        one[0, CALLS] = 0


def test_a_leader_waits_for_all() -> None:
    both, seen = boxes(TOLD, TOLD), []
    leader = Thread(target=lambda: (standby.dismiss(both, 3), seen.append(1)))
    leader.start()
    both[0, standby.STATE] = HERE
    assert not seen
    both[1, standby.STATE] = AWAY
    leader.join()
    assert seen


class Waiting:
    """A way to stand by: whether all do, and what was heard of them."""

    def __init__(self, *, ready: bool):
        self.ready, self.led, self.heard = ready, 0, SimpleQueue[tuple[int, int]]()

    def lead(self) -> bool:
        self.led += self.ready
        return self.ready

    def stand_by(self, worker: int, calls: int) -> None:
        self.heard.put((worker, calls))


def test_what_is_led_is_not_sent() -> None:
    waiting = Waiting(ready=True)
    Workers(2).together(lambda *_: pytest.fail("sent"), 2, lambda: None, waiting)
    Workers(2).if_ready(lambda *_: pytest.fail("sent"), 2, waiting, ask=True)
    assert waiting.led == 2
    assert waiting.heard.empty()


def test_a_worker_that_was_sent_for_stands_by_afterwards() -> None:
    waiting, seen = Waiting(ready=False), []
    Workers(2).together(lambda *who: seen.append(who), 2, lambda: None, waiting)
    assert sorted(seen) == [(0, 2), (1, 2)]
    worker, calls = waiting.heard.get(timeout=60)
    assert worker == 1
    assert calls == worker_threads.boxes[0, CALLS]


@pytest.mark.parametrize("ask", [False, True])
def test_a_small_task_is_done_alone_where_nobody_stands_by(ask: bool) -> None:
    waiting, seen = Waiting(ready=False), []
    Workers(2).if_ready(lambda *who: seen.append(who), 2, waiting, ask=ask)
    assert seen == [(0, 1)]
    if ask:
        assert waiting.heard.get(timeout=60)[0] == 1
    Workers(2).share(2, lambda *_: None)
    assert waiting.heard.empty()


def test_within_a_task_there_is_one_worker() -> None:
    waiting, seen = Waiting(ready=True), []

    def task(lo: int, hi: int, worker: int) -> None:
        Workers(2).together(lambda *who: seen.append(who), 2, lambda: None, waiting)
        Workers(2).if_ready(lambda *who: seen.append(who), 2, waiting, ask=True)

    Workers(2).share(2, task)
    assert seen == [(0, 1)] * 4
    assert not waiting.led


def test_a_process_that_was_forked_off_has_nobody_standing_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_threads, "boxes", boxes(HERE, TOLD))
    monkeypatch.setattr(worker_threads, "_threads", [object()])
    worker_threads._forget()
    assert not worker_threads._threads
    assert not worker_threads.boxes.any()
