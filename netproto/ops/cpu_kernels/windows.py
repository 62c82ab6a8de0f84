"""Pooling without a note of where the largest element is: LANES channels at a time, so that any window and any stride are vectors.

A row of outputs is made from the rows of its windows: their largest elements, or sums, column by column, in vectors of neighbouring pixels;
then these are turned, to have a channel in each lane, and windows of columns are gone through; then results are turned back.
x (N, C, H, W), y (N, C, OH, OW). A window is (kh, kw, sh, sw, ph, pw).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..reference.pooling import LOWEST
from .finish import finish_rows
from .jit import kernel
from .pooling import length, reach
from .transpose import MASK, below, masked_load, transposed
from .vectors import INDEX, LANES, VECTOR, element, everywhere, load, store

Array = Any
BYTES = 4
PIXEL = LANES * BYTES


def _over_rows(
    context: Any, largest: Any, source: Any, row_step: Any, rows: Any, channel_step: Any, channels: Any, count: Any, target: Any
) -> Any:  # fmt: skip
    """LANES vectors at target, a channel in each lane, of LANES neighbouring pixels at source: each the largest, or sum, of `rows` rows.

    largest: 1 or 0, a constant. Pixels from `count` on and lanes from `channels` on hold nothing sensible, and are not read.
    """
    takes = bool(largest.literal_value)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, source, row_step, rows, channel_step, channels, count, target = args
        inside, nowhere = below(builder, count), ir.Constant(MASK, [0] * LANES)
        masks = [builder.select(builder.icmp_signed("<", INDEX(c), channels), inside, nowhere) for c in range(LANES)]

        def read(row: Any) -> list[Any]:
            return [
                masked_load(builder, element(builder, source, (c, channel_step), (row, row_step)), mask) for c, mask in enumerate(masks)
            ]

        made = _reduced(builder, takes, rows, LANES, read)
        for z, vector in enumerate(transposed(builder, made, 1)):
            store(builder, vector, element(builder, target, (z, INDEX(LANES))))
        return context.get_dummy_value()

    return types.void(largest, *[types.intp] * 7), emit


def _over_columns(context: Any, largest: Any, source: Any, columns: Any, divisor: Any, target: Any) -> Any:
    """target = the largest, or the sum over divisor, of the vectors source, source + LANES, ..."""
    takes = bool(largest.literal_value)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, source, columns, divisor, target = args
        made = _reduced(builder, takes, columns, 1, lambda i: [load(builder, element(builder, source, (i, INDEX(LANES))))])[0]
        store(builder, made if takes else builder.fdiv(made, everywhere(builder, divisor)), target)
        return context.get_dummy_value()

    return types.void(largest, types.intp, types.intp, types.float32, types.intp), emit


def _reduced(builder: Any, largest: bool, count: Any, width: int, read: Callable[[Any], list[Any]]) -> list[Any]:
    """Emit a loop over i < count: the largest, or the sum, of each of the `width` vectors read(i). NaN is never the largest."""
    start = ir.Constant(VECTOR, [LOWEST if largest else 0.0] * LANES)
    entry, head, body, done = builder.block, *(builder.append_basic_block(name) for name in ("head", "body", "done"))
    builder.branch(head)
    builder.position_at_end(head)
    i, totals = builder.phi(INDEX), [builder.phi(VECTOR) for _ in range(width)]
    builder.cbranch(builder.icmp_signed("<", i, count), body, done)
    builder.position_at_end(body)
    more = []
    for value, total in zip(read(i), totals, strict=True):
        larger = builder.select(builder.fcmp_ordered(">", value, total), value, total) if largest else builder.fadd(total, value)
        more.append(larger)
    following = builder.add(i, INDEX(1))
    for phi, first, now in zip([i, *totals], [INDEX(0), *[start] * width], [following, *more], strict=True):
        phi.add_incoming(first, entry)
        phi.add_incoming(now, builder.block)
    builder.branch(head)
    builder.position_at_end(done)
    return totals


over_rows: Any = intrinsic(prefer_literal=True)(_over_rows)
over_columns: Any = intrinsic(prefer_literal=True)(_over_columns)


@cache
def pool(largest: int) -> Callable[..., None]:
    """largest: 1 for MAX, 0 for AVE."""

    @kernel
    def run(x, y, window, lo, hi):  # type: ignore[no-untyped-def]
        """y for the blocks lo..hi of LANES channels, counted through the images."""
        kh, kw, sh, sw, ph, pw = window
        channels, height, width = x.shape[1:]
        blocks, pixels, places = (channels + LANES - 1) // LANES, height * width, y.shape[2] * y.shape[3]
        strip = numpy.empty((width + LANES) * LANES, numpy.float32)
        made = numpy.empty((y.shape[3] + LANES) * LANES, numpy.float32)
        nothing, whole = numpy.zeros(LANES, numpy.float32), numpy.float32(1)
        for item in range(lo, hi):
            first = item % blocks * LANES
            plane, count = item // blocks * channels + first, min(LANES, channels - first)
            for oy in range(y.shape[2]):
                top, bottom = reach(oy, kh, sh, ph, height)
                source = x.ctypes.data + (plane * pixels + top * width) * BYTES
                for z in range(0, width, LANES):
                    over_rows(
                        largest, source + z * BYTES, width, bottom - top, pixels, count, width - z, strip.ctypes.data + z * PIXEL
                    )  # fmt: skip
                rows = length(oy, kh, sh, ph, height)
                for ox in range(y.shape[3]):
                    left, right = reach(ox, kw, sw, pw, width)
                    divisor = numpy.float32(rows * length(ox, kw, sw, pw, width))
                    over_columns(largest, strip.ctypes.data + left * PIXEL, right - left, divisor, made.ctypes.data + ox * PIXEL)
                target = y.ctypes.data + (plane * places + oy * y.shape[3]) * BYTES
                for z in range(0, y.shape[3], LANES):
                    finish_rows(
                        made.ctypes.data + z * PIXEL, nothing.ctypes.data, 0, whole, target + z * BYTES, places, count, y.shape[3] - z
                    )  # fmt: skip

    return run
