"""Convolution of stride 1 by F(m x m, r x r) on blocked maps, one worker's part; winograd_tiles.py says what tiles, bands and planes are.

A chunk of bands goes through at once: the bottom is transformed, for each plane the tiles are multiplied by the filters, and the products
transformed back. Nothing is summed across workers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy
from numba import types
from numba.extending import intrinsic

from .blocked_bands import clear_lines, copy_lines
from .blocked_tiles import LINE, blocked_row
from .finish import ramp
from .jit import inlined, kernel
from .records import Record, part_of, record_of
from .vectors import INDEX, LANES, VECTOR, ZERO, broadcast, combine, load, repeat, store
from .winograd_tiles import bottom_width, new_strip, pixel

WINOGRAD = record_of(
    "x", "x_image", "y", "y_image", "other", "other_image", "w", "w_plane", "w_block", "bias", "slope", "plain", "offsets", "runs",
    "batch", "groups", "channels", "filters", "height", "width", "out_height", "out_width", "ph", "pw",
    "bands", "across", "chunk", "rows", "planes", "plane", "by_filters",
)  # fmt: skip
"""As CONV of blocked_conv.py; channels and filters: blocks in a group. bands: of tiles, of an image, each `across` tiles; chunk: how many
of them a worker takes at a time, `rows` tiles. planes: of all workers; each has two arrays of them, bottom and top; plane: bytes of one."""


@cache
def winograd_pass(m: int, r: int) -> Callable[[Record, int, int], None]:
    n = m + r - 1

    @kernel
    def run(at: Record, worker: int, count: int) -> None:
        pairs, total = (at.filters + 1) // 2, at.batch * at.bands
        bottom = at.planes + worker * 2 * n * n * at.plane
        top = bottom + n * n * at.plane
        first, last = (0, total) if at.by_filters else part_of(total, worker, count)
        first_pair, last_pair = part_of(at.groups * pairs, worker, count) if at.by_filters else (0, at.groups * pairs)
        width = bottom_width(m, r, at.across)
        strip, columns = new_strip(n, width), new_strip(n, width)
        for start in range(first, last if first_pair < last_pair else first, at.chunk):
            end = min(last, start + at.chunk)
            for block in range(at.groups * at.channels):
                to_planes(m, r, at, block, start, end, bottom, strip, columns)
            for xi in range(n * n):
                for pair in range(first_pair, last_pair):
                    group, block = pair // pairs, pair % pairs * 2
                    number = group * at.filters + block
                    blocked_row(
                        (end - start) * at.across, min(2, at.filters - block),
                        bottom + xi * at.plane + group * at.channels * at.rows * LINE, at.offsets, at.runs,
                        at.w + xi * at.w_plane + number * at.w_block, at.plain, numpy.intp(0), at.plain + 2 * LINE, at.plain,
                        top + xi * at.plane + number * at.rows * LINE, at.rows * LINE,
                    )  # fmt: skip
            for pair in range(first_pair, last_pair):
                group, block = pair // pairs, pair % pairs * 2
                for number in range(group * at.filters + block, group * at.filters + min(block + 2, at.filters)):
                    from_planes(m, r, at, number, start, end, top, strip, columns)

    return run


@inlined
def to_planes(m: int, r: int, at: Record, block: int, start: int, end: int, planes: int, strip: Any, columns: Any) -> None:
    """planes = B' x B for one block of channels and some bands."""
    n, width, tile = m + r - 1, bottom_width(m, r, at.across), block * at.rows
    for band in range(start, end):
        image, top = band // at.bands, band % at.bands * m - at.ph
        x = at.x + image * at.x_image + block * at.height * at.width * LINE
        inside = min(width - at.pw, at.width)
        for i in range(n):
            clear_lines(pixel(strip, i, 0), at.pw)
            if 0 <= top + i < at.height:
                copy_lines(x + (top + i) * at.width * LINE, LINE, pixel(strip, i, at.pw), inside)
            else:
                clear_lines(pixel(strip, i, at.pw), inside)
            clear_lines(pixel(strip, i, at.pw + inside), width - at.pw - inside)
        for z in range(width):
            combine("B'", m, r, 0, pixel(strip, 0, z), strip.shape[1], pixel(columns, 0, z), columns.shape[1])
        for tx in range(at.across):
            for i in range(n):
                combine("B'", m, r, 0, pixel(columns, i, tx * m), LANES, planes + i * n * at.plane + tile * LINE, at.plane // 4)
            tile += 1


@inlined
def from_planes(m: int, r: int, at: Record, block: int, start: int, end: int, planes: int, strip: Any, columns: Any) -> None:
    """y = A' planes A + bias and `other`, through the ReLU, for one block of filters and some bands."""
    n, tile = m + r - 1, block * at.rows
    for band in range(start, end):
        image, top = band // at.bands, band % at.bands * m
        for tx in range(at.across):
            for i in range(n):
                combine("A'", m, r, 0, planes + i * n * at.plane + tile * LINE, at.plane // 4, pixel(columns, i, tx * m), LANES)
            tile += 1
        for z in range(at.out_width):
            combine("A'", m, r, 0, pixel(columns, 0, z), columns.shape[1], pixel(strip, 0, z), strip.shape[1])
        for i in range(min(m, at.out_height - top)):
            place = (block * at.out_height + top + i) * at.out_width * LINE
            other = at.other + image * at.other_image + place if at.other != 0 else 0
            _finish_row(pixel(strip, i, 0), at.bias + block * LINE, other, at.slope, at.y + image * at.y_image + place, at.out_width)


@intrinsic
def _emit_finish_row(context: Any, source: Any, bias: Any, other: Any, slope: Any, target: Any, count: Any) -> Any:
    """target[i] = source[i] + the vector at bias + other[i], through the ReLU, for `count` vectors, at least 1; other may be 0."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, bias, other, slope, target, count = args
        level, leak = load(builder, bias), broadcast(builder, slope)
        adds = builder.icmp_signed("!=", other, INDEX(0))

        def finish(i: Any, _: list[Any]) -> list[Any]:
            shift = builder.mul(i, INDEX(LINE))
            value = builder.fadd(load(builder, builder.add(source, shift)), level)
            before = builder.block
            with builder.if_then(adds):
                more = load(builder, builder.add(other, shift))
                inside = builder.block
            added = builder.phi(VECTOR)
            added.add_incoming(ZERO, before)
            added.add_incoming(more, inside)
            store(builder, ramp(builder, builder.fadd(value, added), leak), builder.add(target, shift))
            return []

        repeat(builder, count, 1, [], finish)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 6), emit


_finish_row: Any = _emit_finish_row
