"""Signals of this process, and a solver that only takes notes."""

import os
import signal

import pytest

from netproto.cli.signals import obeyed
from netproto.solver import Action


class Notes:
    def __init__(self) -> None:
        self.requests: list[Action] = []

    def request(self, action: Action) -> None:
        self.requests.append(action)


@pytest.mark.parametrize(("effect", "asked"), [("stop", [Action.STOP]), ("snapshot", [Action.SNAPSHOT]), ("none", [])])
def test_each_effect(effect: str, asked: list[Action]) -> None:
    for number, effects in ((signal.SIGINT, (effect, "none")), (signal.SIGHUP, ("none", effect))):
        solver = Notes()
        with obeyed(solver, *effects):
            os.kill(os.getpid(), number)
        assert solver.requests == asked


def test_a_second_interrupt_stops_at_once() -> None:
    with obeyed(Notes(), "stop", "snapshot"):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_snapshots_may_be_asked_for_again_and_again() -> None:
    solver = Notes()
    with obeyed(solver, "snapshot", "none"):
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
    assert solver.requests == [Action.SNAPSHOT] * 3


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP)
    with obeyed(Notes(), "none", "none"):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP)) == before
