"""What does not multiply, on blocked maps: to and from plain maps, pooling, ReLU. One worker's part of each."""

from __future__ import annotations

from typing import Any

import numpy
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..reference.pooling import LOWEST
from .blocked_bands import copy_lines
from .blocked_tiles import LINE
from .finish import finish_rows, ramp
from .jit import kernel
from .pooling import length, reach
from .records import Record, array_at, part_of, pointer, record_of
from .transpose import gather
from .vectors import INDEX, LANES, VECTOR, ZERO, broadcast, everywhere, load, repeat, store

TURN = record_of("plain", "plain_image", "blocked", "blocked_image", "batch", "channels", "pixels")
"""A plain map (N, channels, pixels) and a blocked one; image: bytes from image to image."""
POOL = record_of(
    "x", "x_image", "y", "y_image", "batch", "blocks", "height", "width", "out_height", "out_width",
    "kh", "kw", "sh", "sw", "ph", "pw", "slope", "average", "by_filters",
)  # fmt: skip
"""Of blocked maps. average: whether it is AVE; slope: the address of that of the ReLU behind. by_filters: whether
workers divide the blocks of an image, and not its rows."""
RECTIFY = record_of("x", "y", "count", "slope")
"""The ReLU of so many numbers."""


@kernel
def to_blocked(at: Record, worker: int, count: int) -> None:
    """blocked = plain, 0 in the lanes behind the last channel."""
    blocks, square = (at.channels + LANES - 1) // LANES, numpy.empty((LANES, LANES), numpy.float32)
    first, last = part_of(at.batch * blocks, worker, count)
    for item in range(first, last):
        image, channel = item // blocks, item % blocks * LANES
        source = at.plain + image * at.plain_image + channel * at.pixels * 4
        target = at.blocked + image * at.blocked_image + channel * at.pixels * 4
        for p in range(0, at.pixels, LANES):
            run = min(LANES, at.pixels - p)
            gather(1, source + p * 4, at.pixels, 0, at.channels - channel, 0, 1, 0, run, square.ctypes.data)
            copy_lines(square.ctypes.data, LINE, target + p * LINE, run)


@kernel
def to_plain(at: Record, worker: int, count: int) -> None:
    """plain = blocked. Up to LANES vectors behind the last pixel are read."""
    blocks, nothing = (at.channels + LANES - 1) // LANES, numpy.zeros(LANES, numpy.float32)
    first, last = part_of(at.batch * blocks, worker, count)
    for item in range(first, last):
        image, channel = item // blocks, item % blocks * LANES
        source = at.blocked + image * at.blocked_image + channel * at.pixels * 4
        target = at.plain + image * at.plain_image + channel * at.pixels * 4
        for p in range(0, at.pixels, LANES):
            finish_rows(
                source + p * LINE, nothing.ctypes.data, 0, numpy.float32(1), target + p * 4, at.pixels, at.channels - channel, at.pixels - p
            )  # fmt: skip


@kernel
def pool(at: Record, worker: int, count: int) -> None:
    """y = the largest or the average of each window, through the ReLU."""
    first, last = part_of(at.batch * at.blocks * at.out_height, worker, count)
    for item in range(first, last):
        image, place = item // (at.out_height * at.blocks), item % (at.out_height * at.blocks)
        block, oy = (place // at.out_height, place % at.out_height) if at.by_filters else (place % at.blocks, place // at.blocks)
        top, bottom = reach(oy, at.kh, at.sh, at.ph, at.height)
        rows = length(oy, at.kh, at.sh, at.ph, at.height)
        x = at.x + image * at.x_image + block * at.height * at.width * LINE
        y = at.y + image * at.y_image + (block * at.out_height + oy) * at.out_width * LINE
        for ox in range(at.out_width):
            left, right = reach(ox, at.kw, at.sw, at.pw, at.width)
            size = rows * length(ox, at.kw, at.sw, at.pw, at.width)
            source = x + (top * at.width + left) * LINE
            if at.average:
                _average(source, bottom - top, right - left, at.width, numpy.float32(size), at.slope, y + ox * LINE)
            else:
                _largest(source, bottom - top, right - left, at.width, at.slope, y + ox * LINE)


@kernel
def rectify(at: Record, worker: int, count: int) -> None:
    """y = the ReLU of x, whatever lies there."""
    x, y = array_at(pointer(at.x), at.count, numpy.float32), array_at(pointer(at.y), at.count, numpy.float32)
    slope = array_at(pointer(at.slope), 1, numpy.float32)[0]
    first, last = part_of(at.count, worker, count)
    for i in range(first, last):
        y[i] = (x[i] * slope if slope != 0 else numpy.float32(0)) if x[i] <= 0 else x[i]


@intrinsic
def _emit_largest(context: Any, source: Any, rows: Any, columns: Any, width: Any, slope: Any, target: Any) -> Any:
    """target = the largest vectors, lane by lane, of a window in rows of `width` pixels; LOWEST of none."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, rows, columns, width, slope, target = args

        def larger(value: Any, best: Any) -> Any:
            return builder.select(builder.fcmp_ordered(">", value, best), value, best)

        best = _over_window(builder, source, rows, columns, width, ir.Constant(VECTOR, [LOWEST] * LANES), larger)
        store(builder, ramp(builder, best, broadcast(builder, slope)), target)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 6), emit


@intrinsic
def _emit_average(context: Any, source: Any, rows: Any, columns: Any, width: Any, size: Any, slope: Any, target: Any) -> Any:
    """target = the sum of the window's vectors over `size`."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, rows, columns, width, size, slope, target = args
        total = _over_window(builder, source, rows, columns, width, ZERO, builder.fadd)
        store(builder, ramp(builder, builder.fdiv(total, everywhere(builder, size)), broadcast(builder, slope)), target)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4, types.float32, *[types.intp] * 2), emit


def _over_window(builder: Any, source: Any, rows: Any, columns: Any, width: Any, start: Any, combine: Any) -> Any:
    """Emit the loops over a window, which may be empty: value = combine(vector, value)."""

    def over_row(row: Any, values: list[Any]) -> list[Any]:
        place = builder.add(source, builder.mul(builder.mul(row, width), INDEX(LINE)))

        def over_pixel(i: Any, values: list[Any]) -> list[Any]:
            return [combine(load(builder, builder.add(place, builder.mul(i, INDEX(LINE)))), values[0])]

        return repeat(builder, columns, 1, values, over_pixel)

    entry = builder.block
    with builder.if_then(builder.and_(*(builder.icmp_signed(">", n, INDEX(0)) for n in (rows, columns)))):
        (found,) = repeat(builder, rows, 1, [start], over_row)
        inside = builder.block
    value = builder.phi(VECTOR)
    value.add_incoming(start, entry)
    value.add_incoming(found, inside)
    return value


_largest: Any = _emit_largest
_average: Any = _emit_average
