"""What one worker does of a convolution by matrix products, without the GIL. Ranges are (first, end).

columns, made, left: (blocks, rows, LANES), blocked for products.py. As many rows are unfolded at once as there is room for, so that a large
matrix of weights passes through a core once for many outputs. dy and y: (N, K, pixels). w and dw: a row for each filter.
"""

from __future__ import annotations

from typing import Any

import numpy

from .jit import kernel
from .products import BLOCK, BYTES, multiply, multiply_rows, multiply_transposed
from .transpose import scatter, take
from .unfold import fold, pack_top, turn_top, unfold, write_top
from .vectors import LANES

Array = Any


@kernel
def forward_pass(x, w, bias, y, taps, columns, made, outputs, rows, filters, out, steps, finish):  # type: ignore[no-untyped-def]
    """y for a range of outputs, and of rows of w (groups, rows, taps) in every group; rows from `filters` on are there to fill up."""
    step = columns.shape[0] * LANES
    for group in range(w.shape[0]):
        for start in range(outputs[0], outputs[1], step):
            count, height = min(step, outputs[1] - start), rows[1] - rows[0]
            source, blocks = w.ctypes.data + (group * w.shape[1] + rows[0]) * w.shape[2] * BYTES, (count + LANES - 1) // LANES
            for first in range(0, len(taps), columns.shape[1]):
                last = min(first + columns.shape[1], len(taps))
                unfold(x, group * (x.shape[1] // w.shape[0]), taps, first, last, start, count, out, steps, columns)
                multiply_rows(
                    source + first * BYTES, w.shape[2], columns.ctypes.data, columns.shape[1], made.ctypes.data, made.shape[1],
                    height, last - first, blocks, first > 0,
                )  # fmt: skip
            write_top(made, bias, group * filters + rows[0], min(height, filters - rows[0]), start, count, y, finish)


@kernel
def bottom_gradient_pass(w, dy, dx, taps, left, right, made, group, channels, kernel, filters, out, steps):  # type: ignore[no-untyped-def]
    """dx for a range of the channels of a group; kernel: the number of taps."""
    first, last = channels[0] * kernel, channels[1] * kernel
    for block in range((last - first + LANES - 1) // LANES):
        for k in range(filters):
            start = first + block * LANES
            source = w.ctypes.data + ((group * filters + k) * w.shape[1] + start) * BYTES
            take(source, 0, last - start, left.ctypes.data + (block * filters + k) * BLOCK)
    base = group * (w.shape[1] // kernel)
    for n in range(dx.shape[0]):
        dx[n, base + channels[0] : base + channels[1]] = 0
    step, total = right.shape[0] * LANES, dy.shape[0] * dy.shape[2]
    for start in range(0, total, step):
        count = min(step, total - start)
        pack_top(dy, group * filters, filters, start, count, right)
        for low in range(first, last, made.shape[1]):
            high = min(low + made.shape[1], last)
            multiply_transposed(
                left.ctypes.data + (low - first) // LANES * filters * BLOCK, right.ctypes.data, filters, made.ctypes.data, made.shape[1],
                high - low, filters, (count + LANES - 1) // LANES, False,
            )  # fmt: skip
            fold(made, base, taps, low, high, start, count, out, steps, dx)


@kernel
def filters_gradient_pass(x, dy, dw, taps, columns, right, made, group, rows, wanted, channels, filters, out, steps):  # type: ignore[no-untyped-def]
    """dw += for a range of rows of the unfolded matrix and one of the filters of a group."""
    step, total = columns.shape[0] * LANES, dy.shape[0] * dy.shape[2]
    width, height = wanted[1] - wanted[0], rows[1] - rows[0]
    blocks = (width + LANES - 1) // LANES
    for start in range(0, total, step):
        count = min(step, total - start)
        padded = (count + LANES - 1) // LANES * LANES
        turn_top(dy, group * filters + wanted[0], width, start, count, padded, right)
        for low in range(rows[0], rows[1], columns.shape[1]):
            high = min(low + columns.shape[1], rows[1])
            unfold(x, group * channels, taps, low, high, start, count, out, steps, columns)
            multiply(
                columns.ctypes.data, columns.shape[1], right.ctypes.data, made.ctypes.data + (low - rows[0]) * BLOCK, made.shape[1],
                high - low, padded, blocks, start > 0,
            )  # fmt: skip
    for block in range(blocks):
        for row in range(0, height, LANES):
            source = made.ctypes.data + (block * made.shape[1] + row) * BLOCK
            target = dw.ctypes.data + ((group * filters + wanted[0] + block * LANES) * dw.shape[1] + rows[0] + row) * BYTES
            scatter(1, source, 0, target, dw.shape[1], width - block * LANES, height - row)


@kernel
def turn_filters(w, turned):  # type: ignore[no-untyped-def]
    """turned (groups, columns, rows) = w (groups, rows, columns), a square of lanes at a time."""
    rows, columns = w.shape[1], w.shape[2]
    square, zeros = numpy.zeros((LANES, LANES), numpy.float32), numpy.zeros(LANES, numpy.float32)
    for group in range(w.shape[0]):
        for row in range(0, rows, LANES):
            for column in range(0, columns, LANES):
                for i in range(min(LANES, rows - row)):
                    source = w.ctypes.data + ((group * rows + row + i) * columns + column) * BYTES
                    take(source, 0, columns - column, square.ctypes.data + i * BLOCK)
                target = turned.ctypes.data + ((group * columns + column) * rows + row) * BYTES
                scatter(0, square.ctypes.data, zeros.ctypes.data, target, rows, columns - column, rows - row)
