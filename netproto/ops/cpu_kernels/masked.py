"""ReLU, also of a sum, and Dropout in one pass: flat arrays, elements lo..hi.

Outputs may be inputs. Loops are made into vectors only where outputs lie apart from inputs, so a piece is made beside them and then copied.
"""

from __future__ import annotations

from typing import Any

import numpy

from .jit import kernel
from .prefetch import AHEAD, PIECE, read_piece, write_piece

Array = Any


@kernel
def relu(x: Array, y: Array, slope: Any, lo: int, hi: int) -> None:
    made = numpy.empty(PIECE, numpy.float32)
    for start in range(lo, hi, PIECE):
        count = min(PIECE, hi - start)
        value, out = x[start : start + count], y[start : start + count]
        if slope == 0:
            for i in range(count):
                made[i] = numpy.float32(0) if value[i] <= 0 else value[i]
        else:
            for i in range(count):
                made[i] = value[i] * slope if value[i] <= 0 else value[i]
        for i in range(count):
            out[i] = made[i]


@kernel
def relu_backward(x: Array, dy: Array, dx: Array, slope: Any, lo: int, hi: int) -> None:
    made = numpy.empty(PIECE, numpy.float32)
    for start in range(lo, hi, PIECE):
        count = min(PIECE, hi - start)
        value, up, down = x[start : start + count], dy[start : start + count], dx[start : start + count]
        for i in range(count):
            made[i] = up[i] if value[i] > 0 else up[i] * slope
        for i in range(count):
            down[i] = made[i]


@kernel
def apply_mask(x: Array, mask: Array, y: Array, factor: Any, lo: int, hi: int) -> None:
    """y = x * mask * factor: Dropout."""
    made = numpy.empty(PIECE, numpy.float32)
    for start in range(lo, hi, PIECE):
        count = min(PIECE, hi - start)
        value, kept, out = x[start : start + count], mask[start : start + count], y[start : start + count]
        for i in range(count):
            made[i] = value[i] * numpy.float32(kept[i]) * factor
        for i in range(count):
            out[i] = made[i]


@kernel
def rectified_sum(a: Array, b: Array, y: Array, slope: Any, lo: int, hi: int) -> None:
    made = numpy.empty(PIECE, numpy.float32)
    for start in range(lo, hi, PIECE):
        count = min(PIECE, hi - start)
        left, right, out = a[start : start + count], b[start : start + count], y[start : start + count]
        read_piece(left.ctypes.data + AHEAD)
        read_piece(right.ctypes.data + AHEAD)
        write_piece(out.ctypes.data + AHEAD)
        if slope == 0:
            for i in range(count):
                total = left[i] + right[i]
                made[i] = numpy.float32(0) if total <= 0 else total
        else:
            for i in range(count):
                total = left[i] + right[i]
                made[i] = total * slope if total <= 0 else total
        for i in range(count):
            out[i] = made[i]


@kernel
def rectified_sum_backward(y: Array, dy: Array, more: Array, da: Array, db: Array, both: bool, slope: Any, lo: int, hi: int) -> None:
    """The gradient of y is dy + more if `both`, else dy."""
    made = numpy.empty(PIECE, numpy.float32)
    for start in range(lo, hi, PIECE):
        count = min(PIECE, hi - start)
        value, up, other = y[start : start + count], dy[start : start + count], more[start : start + count]
        first, second = da[start : start + count], db[start : start + count]
        read_piece(value.ctypes.data + AHEAD)
        read_piece(up.ctypes.data + AHEAD)
        write_piece(first.ctypes.data + AHEAD)
        write_piece(second.ctypes.data + AHEAD)
        if both:
            read_piece(other.ctypes.data + AHEAD)
            for i in range(count):
                total = up[i] + other[i]
                made[i] = total if value[i] > 0 else total * slope
        else:
            for i in range(count):
                made[i] = up[i] if value[i] > 0 else up[i] * slope
        for i in range(count):
            first[i] = made[i]
            second[i] = made[i]
