"""Lines of memory that are asked for before they are needed."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from .vectors import INDEX, LANES, element

READ, WRITE = (0, 2), (1, 3)
"""For what, and how near: what is read goes to the second cache, what is written to the first."""


def ask(builder: Any, address: Any, lines: int, purpose: tuple[int, int]) -> None:
    """Ask for lines side by side, unless the address is 0. Nothing fails where there is no memory."""
    byte, flag, name = ir.IntType(8).as_pointer(), ir.IntType(32), "llvm.prefetch.p0i8"
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag]), name)
    with builder.if_then(builder.icmp_signed("!=", address, INDEX(0))):
        for line in range(lines):
            place = builder.inttoptr(element(builder, address, (line, INDEX(LANES))), byte)
            builder.call(function, [place, *map(flag, purpose), flag(1)])
