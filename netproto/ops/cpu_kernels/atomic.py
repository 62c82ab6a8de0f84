"""Words of memory that threads look at while others write them: int64, given by their addresses."""

from __future__ import annotations

import platform
import sys
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .vectors import INDEX

HAS_PAUSE = platform.machine() in ("x86_64", "AMD64")


@intrinsic
def _look(context: Any, address: Any) -> Any:
    """The number that stands there now."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], INDEX.as_pointer()), "seq_cst", 8)

    return types.intp(types.intp), emit


@intrinsic
def _put(context: Any, address: Any, number: Any) -> Any:
    """Let the number stand there, after all that was written before."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[1], builder.inttoptr(args[0], INDEX.as_pointer()), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), emit


@intrinsic
def _add_one(context: Any, address: Any) -> Any:
    """One more."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.atomic_rmw("add", builder.inttoptr(args[0], INDEX.as_pointer()), INDEX(1), "seq_cst")
        return context.get_dummy_value()

    return types.void(types.intp), emit


@intrinsic
def _exchange(context: Any, address: Any, expected: Any, number: Any) -> Any:
    """Put the number there if the expected one stands there; whether it did."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.inttoptr(args[0], INDEX.as_pointer())
        return builder.extract_value(builder.cmpxchg(place, args[1], args[2], "seq_cst", "seq_cst"), 1)

    return types.boolean(types.intp, types.intp, types.intp), emit


@intrinsic
def _pause(context: Any) -> Any:
    """Between two looks: leave what the threads of a core share to the others."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if HAS_PAUSE:
            _call(builder, "llvm.x86.sse2.pause", ir.VoidType())
        return context.get_dummy_value()

    return types.void(), emit


@intrinsic
def _rest(context: Any) -> Any:
    """Let another thread have the core, if one wants it."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _call(builder, "SwitchToThread" if sys.platform == "win32" else "sched_yield", ir.IntType(32))
        return context.get_dummy_value()

    return types.void(), emit


def _call(builder: Any, name: str, result: Any) -> None:
    known = builder.module.globals.get(name)
    builder.call(known or ir.Function(builder.module, ir.FunctionType(result, []), name), [])


look: Any = _look
put: Any = _put
add_one: Any = _add_one
exchange: Any = _exchange
pause: Any = _pause
rest: Any = _rest
