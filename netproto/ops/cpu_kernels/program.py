"""A pass through several layers without Python between them: all workers go through the same steps and meet behind each."""

from __future__ import annotations

from typing import Any

import numpy

from .atomic import add_one, look
from .blocked_conv import CONV, conv, depthwise
from .blocked_maps import POOL, RECTIFY, TURN, pool, rectify, to_blocked, to_plain
from .blocked_winograd import WINOGRAD, winograd_pass
from .jit import kernel
from .records import array_at, pointer
from .rows import PRODUCT, SOFTMAX, few_rows, many_rows, softmax, turn_rows
from .standby import COUNT, GATE, STEPS, WORKERS, dismiss, lead, stand_by, wait

Array = Any

CONVOLVE, DEPTHWISE, TO_BLOCKED, TO_PLAIN, POOLING, RECTIFYING, FEW_ROWS, TURN_ROWS, MANY_ROWS, NORMALISE = range(10)
F43, F53, F45 = range(10, 13)
"""What a step does. F43: Winograd's F(4 x 4, 3 x 3)."""
SHORT = {(4, 3): F43, (5, 3): F53, (4, 5): F45}
ARRIVED, ABANDONED = range(2)
"""The numbers of a gate, int64: how often a worker has come to the end of a step, and whether those who wait are to give up."""
PART, LEADER, STANDBY = range(3)
"""How a worker comes to a pass: sent by the leader from Python; as the one who tells those who stand by; as one of them."""

f43, f53, f45 = (winograd_pass(m, r) for m, r in SHORT)


@kernel
def run(steps: Array, gate: Array, worker: int, count: int, boxes: Array, role: int, calls: int) -> bool:
    """What one worker of `count` does. steps (steps, 2): what is done, and where the record of its numbers stands.

    role: one of those above. A leader does nothing, and gets False, unless the others stand by. Who stands by gets all but its number and
    its box from a leader, once more and again, and has seen so many calls.
    """
    first, length, meeting = steps.ctypes.data, len(steps), gate.ctypes.data
    if role == LEADER and not lead(boxes, first, length, meeting, count):
        return False
    while role != STANDBY or stand_by(boxes, worker, calls):
        if role == STANDBY:
            box = boxes[worker - 1]
            first, length, meeting, count = box[STEPS], box[COUNT], box[GATE], box[WORKERS]
        table = array_at(pointer(first), (length, 2), numpy.int64)
        for i in range(length):
            what, told = table[i, 0], pointer(table[i, 1])
            if what == CONVOLVE:
                conv(array_at(told, 1, CONV)[0], worker, count)
            elif what == DEPTHWISE:
                depthwise(array_at(told, 1, CONV)[0], worker, count)
            elif what == TO_BLOCKED:
                to_blocked(array_at(told, 1, TURN)[0], worker, count)
            elif what == TO_PLAIN:
                to_plain(array_at(told, 1, TURN)[0], worker, count)
            elif what == POOLING:
                pool(array_at(told, 1, POOL)[0], worker, count)
            elif what == RECTIFYING:
                rectify(array_at(told, 1, RECTIFY)[0], worker, count)
            elif what == FEW_ROWS:
                few_rows(array_at(told, 1, PRODUCT)[0], worker, count)
            elif what == TURN_ROWS:
                turn_rows(array_at(told, 1, PRODUCT)[0], worker, count)
            elif what == MANY_ROWS:
                many_rows(array_at(told, 1, PRODUCT)[0], worker, count)
            elif what == NORMALISE:
                softmax(array_at(told, 1, SOFTMAX)[0], worker, count)
            elif what == F43:
                f43(array_at(told, 1, WINOGRAD)[0], worker, count)
            elif what == F53:
                f53(array_at(told, 1, WINOGRAD)[0], worker, count)
            else:
                f45(array_at(told, 1, WINOGRAD)[0], worker, count)
            if not _meet(meeting, (i + 1) * count):
                break
        if role != STANDBY:
            break
    if role == LEADER:
        dismiss(boxes, count)
    return True


@kernel
def _meet(gate: int, expected: int) -> bool:
    """Wait until so many have arrived; False if the pass has been abandoned."""
    add_one(gate + 8 * ARRIVED)
    looked = 0
    while look(gate + 8 * ARRIVED) < expected:
        if look(gate + 8 * ABANDONED) != 0:
            return False
        looked = wait(looked)
    return True
