"""A pass through several layers without Python between them: all workers go through the same steps and meet behind each."""

from __future__ import annotations

import sys
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .blocked_conv import CONV, conv, depthwise
from .blocked_maps import POOL, RECTIFY, TURN, pool, rectify, to_blocked, to_plain
from .blocked_winograd import WINOGRAD, winograd_pass
from .jit import kernel
from .records import array_at, pointer
from .rows import PRODUCT, SOFTMAX, few_rows, many_rows, softmax, turn_rows
from .vectors import INDEX

Array = Any

CONVOLVE, DEPTHWISE, TO_BLOCKED, TO_PLAIN, POOLING, RECTIFYING, FEW_ROWS, TURN_ROWS, MANY_ROWS, NORMALISE = range(10)
F43, F53, F45 = range(10, 13)
"""What a step does. F43: Winograd's F(4 x 4, 3 x 3)."""
SHORT = {(4, 3): F43, (5, 3): F53, (4, 5): F45}
ARRIVED, ABANDONED = range(2)
"""The numbers of a gate, int64: how often a worker has come to the end of a step, and whether those who wait are to give up."""
PATIENCE = 2000
"""How often a worker looks whether the others have come before it lets another program have its core."""

f43, f53, f45 = (winograd_pass(m, r) for m, r in SHORT)


@kernel
def run(steps: Array, gate: Array, worker: int, count: int) -> None:
    """What one worker of `count` does. steps (steps, 2): what is done, and where the record of its numbers stands."""
    for i in range(len(steps)):
        what, told = steps[i, 0], pointer(steps[i, 1])
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
        if not _meet(gate.ctypes.data, (i + 1) * count):
            return


@kernel
def _meet(gate: int, expected: int) -> bool:
    """Wait until so many have arrived; False if the pass has been abandoned."""
    _arrive(gate + 8 * ARRIVED)
    looked = 0
    while _look(gate + 8 * ARRIVED) < expected:
        if _look(gate + 8 * ABANDONED) != 0:
            return False
        looked += 1
        if looked > PATIENCE:
            _rest()
    return True


@intrinsic
def _emit_arrive(context: Any, address: Any) -> Any:
    """One more."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.atomic_rmw("add", builder.inttoptr(args[0], INDEX.as_pointer()), INDEX(1), "seq_cst")
        return context.get_dummy_value()

    return types.void(types.intp), emit


@intrinsic
def _emit_look(context: Any, address: Any) -> Any:
    """The number that stands there now."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], INDEX.as_pointer()), "seq_cst", 8)

    return types.intp(types.intp), emit


@intrinsic
def _emit_rest(context: Any) -> Any:
    """Let another thread have the core, if one wants it."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        name = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
        known = builder.module.globals.get(name)
        builder.call(known or ir.Function(builder.module, ir.FunctionType(ir.IntType(32), []), name), [])
        return context.get_dummy_value()

    return types.void(), emit

_arrive: Any = _emit_arrive
_look: Any = _emit_look
_rest: Any = _emit_rest
