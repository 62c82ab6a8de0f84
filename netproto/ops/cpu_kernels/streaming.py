"""Stores that pass the caches by: what is written need not be read first, which is worth it for what is too large to stay anyway."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .vectors import LANES, VECTOR

LARGE = 2**21
"""The elements of an array from which on it does not stay in a core's cache: 8 MB."""


def passes_by(array: Any) -> bool:
    """Whether an array is large, and its rows are whole lines."""
    return bool(array.size >= LARGE and array.shape[-1] % LANES == 0 and array.ctypes.data % (4 * LANES) == 0)


def store_past(builder: Any, value: Any, address: Any) -> None:
    """Store a vector, which has to be a line; `settle` has to follow."""
    stored = builder.store(value, builder.inttoptr(address, VECTOR.as_pointer()), align=4 * LANES)
    stored.set_metadata("nontemporal", builder.module.add_metadata([ir.IntType(32)(1)]))


@intrinsic
def _settle(context: Any) -> Any:
    """Let other workers see what was stored past the caches."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), emit


settle: Any = _settle
