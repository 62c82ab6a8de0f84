"""Workers that stand by for the next pass: who may be told what, and who goes away."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest

from netproto.ops.cpu_kernels import standby, workers
from netproto.ops.cpu_kernels.workers import BOX, CALLS, Workers

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


def test_what_is_led_is_not_sent() -> None:
    Workers(2).together(lambda *_: pytest.fail("sent"), 2, lambda: None, lambda: True)
    seen: list[tuple[int, int]] = []
    Workers(2).together(lambda *who: seen.append(who), 2, lambda: None, lambda: False)
    assert sorted(seen) == [(0, 2), (1, 2)]


def test_a_worker_hears_of_every_call() -> None:
    """What it does after its part gets the calls that it has seen: none is counted later without a job in the queue."""
    seen: list[tuple[int, int]] = []
    Workers(2).together(lambda *_: None, 2, lambda: None, lambda: False, lambda worker, calls: seen.append((worker, calls)))
    Workers(2).share(2, lambda *_: None)
    assert all(worker == 1 and calls <= workers.boxes[0, CALLS] for worker, calls in seen)


def test_a_process_that_was_forked_off_has_nobody_standing_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "boxes", boxes(HERE, TOLD))
    monkeypatch.setattr(workers, "_threads", [object()])
    workers._forget()
    assert not workers._threads
    assert not workers.boxes.any()
