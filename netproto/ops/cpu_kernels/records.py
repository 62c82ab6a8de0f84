"""What a kernel is told, as a record of numbers that stands at an address: so kernels can follow each other without Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np import numpy_support

from .jit import inlined
from .workers import part

Record = Any


part_of: Any = inlined(part)


def record_of(*names: str) -> numpy.dtype[Any]:
    """A record of int64: addresses and distances in bytes, counts."""
    return numpy.dtype([(name, "int64") for name in names])


def filled(kind: numpy.dtype[Any], numbers: Mapping[str, int]) -> numpy.ndarray:
    """An array of one record; each of its numbers has to be given."""
    return numpy.array([tuple(int(numbers[name]) for name in kind.names or ())], kind)


@intrinsic
def _pointer(context: Any, address: Any) -> Any:
    """The address as a pointer, for numba.carray."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.intp), emit


pointer: Any = _pointer
array_at: Any = numpy_support.carray
"""array_at(pointer, shape, dtype): the array that lies there."""
