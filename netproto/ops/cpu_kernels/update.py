"""One pass of a solver over a parameter, its gradient and its history: flat arrays, elements lo..hi."""

from __future__ import annotations

from typing import Any

import numpy

from .jit import inlined, kernel
from .prefetch import AHEAD, PIECE, read_piece, write_piece

Array = Any


Factors = tuple[Any, Any, Any, Any, bool]
"""rate, momentum, decay, scale, whether decay is L1's."""


def factors_of(rate: Any, momentum: float, decay: float, scale: Any, *, l1: bool) -> Factors:
    return numpy.float32(rate), numpy.float32(momentum), numpy.float32(decay), numpy.float32(scale), l1


@kernel
def sgd_update(data: Array, diff: Array, history: Array, factors: Factors, lo: int, hi: int) -> None:
    """The step of SGD for lo..hi, whose memory is asked for ahead."""
    for start in range(lo, hi, PIECE):
        read_piece(diff[start:].ctypes.data + AHEAD)
        write_piece(data[start:].ctypes.data + AHEAD)
        write_piece(history[start:].ctypes.data + AHEAD)
        descend(data, diff, history, factors, start, min(start + PIECE, hi))


@inlined
def descend(data: Array, diff: Array, history: Array, factors: Factors, lo: int, hi: int) -> None:
    """history = momentum * history + rate * (scale * diff + decay * data or its sign), data -= history."""
    rate, momentum, decay, scale, l1 = factors
    if l1:
        for i in range(lo, hi):
            step = momentum * history[i] + rate * (scale * diff[i] + decay * numpy.sign(data[i]))
            history[i] = step
            data[i] -= step
    else:
        for i in range(lo, hi):
            step = momentum * history[i] + rate * (scale * diff[i] + decay * data[i])
            history[i] = step
            data[i] -= step
