"""One pass of a solver over a parameter, its gradient and its history: flat arrays, elements lo..hi."""

from __future__ import annotations

from typing import Any

import numpy

from .jit import kernel
from .prefetch import AHEAD, PIECE, read_piece, write_piece

Array = Any


@kernel
def sgd_update(
    data: Array, diff: Array, history: Array, rate: Any, momentum: Any, decay: Any, l1: bool, scale: Any, lo: int, hi: int
) -> None:  # fmt: skip
    """history = momentum * history + rate * (scale * diff + decay * data or its sign), data -= history."""
    for start in range(lo, hi, PIECE):
        end = min(start + PIECE, hi)
        read_piece(diff[start:].ctypes.data + AHEAD)
        write_piece(data[start:].ctypes.data + AHEAD)
        write_piece(history[start:].ctypes.data + AHEAD)
        if l1:
            for i in range(start, end):
                step = momentum * history[i] + rate * (scale * diff[i] + decay * numpy.sign(data[i]))
                history[i] = step
                data[i] -= step
        else:
            for i in range(start, end):
                step = momentum * history[i] + rate * (scale * diff[i] + decay * data[i])
                history[i] = step
                data[i] -= step
