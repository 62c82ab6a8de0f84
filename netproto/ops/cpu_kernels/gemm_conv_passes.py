"""What one worker does of a convolution by matrix products, without the GIL. Ranges are (first, end).

columns, made, left: (blocks, rows, LANES), blocked for products.py. dy and y: (N, K, pixels). w and dw: a row for each filter.
"""

from __future__ import annotations

from typing import Any

from .jit import kernel
from .products import BLOCK, BYTES, multiply, multiply_rows, multiply_transposed
from .transpose import scatter, take
from .unfold import fold, pack_top, turn_top, unfold, write_top
from .vectors import LANES

Array = Any


@kernel
def forward_pass(x, w, bias, y, taps, columns, made, outputs, rows, filters, out, steps):  # type: ignore[no-untyped-def]
    """y for a range of outputs, and of rows of w (groups, rows, taps) in every group; rows from `filters` on are there to fill up."""
    step = columns.shape[0] * LANES
    for group in range(w.shape[0]):
        for start in range(outputs[0], outputs[1], step):
            count = min(step, outputs[1] - start)
            unfold(x, group * (x.shape[1] // w.shape[0]), taps, 0, len(taps), start, count, out, steps, columns)
            source, blocks = w.ctypes.data + (group * w.shape[1] + rows[0]) * w.shape[2] * BYTES, (count + LANES - 1) // LANES
            height = rows[1] - rows[0]
            multiply_rows(
                source, w.shape[2], columns.ctypes.data, columns.shape[1], made.ctypes.data, made.shape[1],
                height, w.shape[2], blocks, False,
            )  # fmt: skip
            write_top(made, bias, group * filters + rows[0], min(height, filters - rows[0]), start, count, y)


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
        multiply_transposed(
            left.ctypes.data, right.ctypes.data, filters, made.ctypes.data, made.shape[1],
            last - first, filters, (count + LANES - 1) // LANES, False,
        )  # fmt: skip
        fold(made, base, taps, first, last, start, count, out, steps, dx)


@kernel
def filters_gradient_pass(x, dy, dw, taps, columns, right, made, group, rows, wanted, channels, filters, out, steps):  # type: ignore[no-untyped-def]
    """dw += for a range of rows of the unfolded matrix and one of the filters of a group."""
    step, total = columns.shape[0] * LANES, dy.shape[0] * dy.shape[2]
    width, height = wanted[1] - wanted[0], rows[1] - rows[0]
    blocks = (width + LANES - 1) // LANES
    for start in range(0, total, step):
        count = min(step, total - start)
        padded = (count + LANES - 1) // LANES * LANES
        unfold(x, group * channels, taps, rows[0], rows[1], start, count, out, steps, columns)
        turn_top(dy, group * filters + wanted[0], width, start, count, padded, right)
        multiply(
            columns.ctypes.data, columns.shape[1], right.ctypes.data, made.ctypes.data, made.shape[1],
            height, padded, blocks, start > 0,
        )  # fmt: skip
    for block in range(blocks):
        for row in range(0, height, LANES):
            source = made.ctypes.data + (block * made.shape[1] + row) * BLOCK
            target = dw.ctypes.data + ((group * filters + wanted[0] + block * LANES) * dw.shape[1] + rows[0] + row) * BYTES
            scatter(1, source, 0, target, dw.shape[1], width - block * LANES, height - row)
