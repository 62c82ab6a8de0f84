"""Workers that stand by: for a moment behind its part of a pass a worker looks for the next one, which begins then without Python.

To wake a thread and to let it have the interpreter takes some 30 microseconds, a hundredth of a pass through a small net. Each worker but
the first has a box, a row of int64: what it does, what it is told, and how often it was called away. Nothing here runs a line of Python,
so no interrupt comes between.
"""

from __future__ import annotations

from typing import Any

from .atomic import exchange, look, pause, put, rest
from .jit import kernel
from .worker_threads import BOX, CALLS

Array = Any

STATE, STEPS, COUNT, GATE, WORKERS = range(CALLS + 1, CALLS + 6)
"""The numbers of a box behind that of the calls: one of those below; where the steps stand, how many; the gate; of how many workers."""
AWAY, HERE, CLAIMED, TOLD = range(4)
"""Not standing by; standing by; kept by a leader who is about to tell; told, until the worker has done its part."""
LOOKS = 16000
"""How often a worker that stands by looks: some 200 microseconds."""
PATIENCE = 2000
"""How often to look whether others have come before another program may have the core."""


@kernel
def lead(boxes: Array, steps: int, length: int, gate: int, count: int) -> bool:
    """Tell the workers 1..count to go through the steps, if they all have boxes and stand by; whether they do."""
    if count - 1 > len(boxes):
        return False
    for i in range(count - 1):
        if not exchange(_at(boxes, i, STATE), HERE, CLAIMED):
            for j in range(i):
                put(_at(boxes, j, STATE), HERE)
            return False
    for i in range(count - 1):
        boxes[i, STEPS], boxes[i, COUNT], boxes[i, GATE], boxes[i, WORKERS] = steps, length, gate, count
        put(_at(boxes, i, STATE), TOLD)
    return True


@kernel
def dismiss(boxes: Array, count: int) -> None:
    """Wait until those who were told have done their part, and look at nothing of it any more."""
    for i in range(count - 1):
        looked = 0
        while look(_at(boxes, i, STATE)) == TOLD:
            looked = wait(looked)


@kernel
def stand_by(boxes: Array, worker: int, seen: int) -> bool:
    """Until the worker is told something; False if it has waited long enough, or been called away since it had seen so many calls."""
    state = _at(boxes, worker - 1, STATE)
    put(state, HERE)
    looked = 0
    while True:
        if look(state) == TOLD:
            return True
        if (looked > LOOKS or look(_at(boxes, worker - 1, CALLS)) != seen) and exchange(state, HERE, AWAY):
            return False
        looked += 1
        pause()


@kernel
def wait(looked: int) -> int:
    """Between looks at what others do, when so many have been in vain; one more than that."""
    if looked > PATIENCE:
        rest()
    else:
        pause()
    return looked + 1


@kernel
def _at(boxes: Array, i: int, number: int) -> int:
    return boxes.ctypes.data + (i * BOX + number) * 8
