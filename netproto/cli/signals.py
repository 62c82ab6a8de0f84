"""What signals do to a training run: --sigint-effect and --sighup-effect. Caffe: src/caffe/util/signal_handler.cpp."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..solver import Action, Solver

EFFECTS = ("stop", "snapshot", "none")
ACTIONS = {"stop": Action.STOP, "snapshot": Action.SNAPSHOT}


@contextmanager
def obeyed(solver: Solver, sigint_effect: str, sighup_effect: str) -> Iterator[None]:
    """Ask the solver for the effect when a signal comes, while the block runs. A second SIGINT that is to stop stops at once."""
    effects = {signal.SIGINT: sigint_effect}
    if hasattr(signal, "SIGHUP"):
        effects[signal.SIGHUP] = sighup_effect
    stopping = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        effect = effects[signal.Signals(number)]
        if effect == "stop" and stopping:
            raise KeyboardInterrupt
        stopping = stopping or effect == "stop"
        if effect in ACTIONS:
            solver.request(ACTIONS[effect])

    before = {number: signal.signal(number, handle) for number in effects}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
