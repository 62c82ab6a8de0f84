"""Lines of memory that are asked for before they are needed. Nothing fails where there is no memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .vectors import INDEX, LANES, element

READ, WRITE = (0, 2), (1, 3)
"""For what, and how near: what is read goes to the second cache, what is written to the first."""


def ask(builder: Any, address: Any, lines: int, purpose: tuple[int, int]) -> None:
    """Emit what asks for lines side by side."""
    byte, flag, name = ir.IntType(8).as_pointer(), ir.IntType(32), "llvm.prefetch.p0i8"
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag]), name)
    for line in range(lines):
        place = builder.inttoptr(element(builder, address, (line, INDEX(LANES))), byte)
        builder.call(function, [place, *map(flag, purpose), flag(1)])


def _asks(lines: int, purpose: tuple[int, int]) -> Callable[..., Any]:
    @intrinsic
    def asks(context: Any, address: Any) -> Any:
        """Ask for so many lines side by side."""

        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            ask(builder, args[0], lines, purpose)
            return context.get_dummy_value()

        return types.void(types.intp), emit

    return asks


PIECE = 256
"""The elements of a piece of an array, whose lines are asked for together."""
AHEAD = 4 * PIECE * 4
"""How many bytes behind a piece those that are asked for stand, where several arrays are gone through at once."""
read_piece, write_piece = _asks(PIECE // LANES, READ), _asks(PIECE // LANES, WRITE)
read_line, write_line = _asks(1, READ), _asks(1, WRITE)
