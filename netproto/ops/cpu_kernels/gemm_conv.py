"""Convolution as a matrix product over unfolded windows, in pieces that stay in a core's cache: any kernel, stride, pad, dilation, group.

Forward, the workers divide the outputs, or the filters where outputs are few; backward, the channels of the bottom, and the rows or columns
of the filters' gradient. Nothing is summed across workers, so the result is the same for any number of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import ceil, prod
from typing import Any

import numpy

from ..geometry import ConvGeometry
from .channelwise import channel_sums
from .finish import PLAIN, Ending
from .gemm_conv_passes import bottom_gradient_pass, filters_gradient_pass, forward_pass, turn_filters
from .vectors import LANES, ROWS, rounded_up
from .workers import WORTH, Room, bias_or_zeros, part

Array = Any

PIECE = 2**17
"""About how many elements a workspace holds: 512 KB."""
DEPTH = 256
"""The most rows that are unfolded at once."""


@dataclass(frozen=True)
class Layout:
    """The numbers of one convolution. channels, filters and rows (of the unfolded matrix) are those of a group."""

    groups: int
    channels: int
    filters: int
    kernel: int
    out: tuple[int, int]
    outputs: int
    steps: tuple[int, int, int, int]

    @property
    def rows(self) -> int:
        return self.channels * self.kernel

    def is_plain(self, bottom: tuple[int, ...]) -> bool:
        """Whether each output is made of one pixel of the bottom, and each pixel used once."""
        return self.kernel == 1 and self.steps == (1, 1, 0, 0) and bottom[2:] == self.out

    @property
    def step(self) -> int:
        """How many outputs to unfold at once: whole triples of blocks, and as many for any number of workers, since sums are cut there."""
        return min(rounded_up(self.outputs, LANES), max(1, PIECE // (max(min(self.rows, DEPTH), self.filters) * LANES * 3)) * LANES * 3)


def forward(ops: Room, x: Array, w: Array, bias: Array | None, y: Array, geo: ConvGeometry, finish: Ending = PLAIN) -> None:
    level = bias_or_zeros(ops, bias, w.shape[0])
    x, y, geo = _flattened(x, y, geo)
    at = _layout(x, w, y, geo)
    _run(ops, x, _whole_rows(w, at, lambda shape: ops.scratch("conv.filters", shape)), level, y, at, geo, finish)


def bound(ops: Room, x: Array, w: Array, bias: Array | None, y: Array, geo: ConvGeometry, finish: Ending) -> Callable[[], None]:
    """forward with filters that are read now, once. y may have more channels than there are filters: the first ones are written."""
    level = numpy.zeros(w.shape[0], numpy.float32) if bias is None else bias.copy()
    x, y, geo = _flattened(x, y, geo)
    at = _layout(x, w, y, geo)
    rows = _whole_rows(w, at, ops.empty)
    return lambda: _run(ops, x, rows, level, y, at, geo, finish)


def _run(ops: Room, x: Array, w: Array, level: Array, y: Array, at: Layout, geo: ConvGeometry, finish: Ending) -> None:
    filters, step = w.shape[1], at.step
    columns = ops.scratch("conv.columns", (ops.workers.count, step // LANES, min(at.rows, DEPTH), LANES))
    made = ops.scratch("conv.made", (ops.workers.count, step // LANES, filters, LANES))
    taps, top = _taps(at.channels, geo), _maps(y)
    by_outputs = at.outputs >= ops.workers.count * 4 * LANES
    blocks = ceil(at.outputs / LANES) if by_outputs else filters // ROWS

    def task(lo: int, hi: int, worker: int) -> None:
        outputs = (lo * LANES, min(hi * LANES, at.outputs)) if by_outputs else (0, at.outputs)
        rows = (0, filters) if by_outputs else (lo * ROWS, hi * ROWS)
        forward_pass(x, w, level, top, taps, columns[worker], made[worker], outputs, rows, at.filters, at.out, at.steps, finish)

    ops.workers.share(blocks, task, least=1 + WORTH * blocks // (at.outputs * at.groups * filters * at.rows + 1))


def backward(
    ops: Room, x: Array | None, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, geo: ConvGeometry
) -> None:  # fmt: skip
    bottom, dy, geo = _flattened(dx if x is None else x, dy, geo)
    at = _layout(bottom, w, dy, geo)
    if dx is not None and at.is_plain(bottom.shape):
        forward(ops, dy, _turned(ops, w, at), None, dx.reshape(bottom.shape), geo)
    elif dx is not None:
        _bottom_gradient(ops, w, dy, dx.reshape(bottom.shape), at, geo)
    if dw is not None:
        _filters_gradient(ops, bottom, dy, dw, at, geo)
    if db is not None:
        db += channel_sums(ops.workers, _maps(dy))


def _bottom_gradient(ops: Room, w: Array, dy: Array, dx: Array, at: Layout, geo: ConvGeometry) -> None:
    most = ceil(at.groups * at.channels / ops.workers.count)
    rows = rounded_up(min(most, at.channels) * at.kernel, LANES)
    step = at.step
    left = ops.scratch("conv.filters", (ops.workers.count, rows // LANES, at.filters, LANES))
    right = ops.scratch("conv.top", (ops.workers.count, step // LANES, at.filters, LANES))
    made = ops.scratch("conv.columns", (ops.workers.count, step // LANES, min(rows, DEPTH), LANES))
    taps, matrix, top = _taps(at.channels, geo), w.reshape(w.shape[0], -1), _maps(dy)

    def task(lo: int, hi: int, worker: int) -> None:
        mine = left[worker], right[worker], made[worker]
        for group in range(lo // at.channels, ceil(hi / at.channels)):
            channels = max(lo - group * at.channels, 0), min(hi - group * at.channels, at.channels)
            bottom_gradient_pass(matrix, top, dx, taps, *mine, group, channels, at.kernel, at.filters, at.out, at.steps)

    ops.workers.share(at.groups * at.channels, task)


def _filters_gradient(ops: Room, x: Array, dy: Array, dw: Array, at: Layout, geo: ConvGeometry) -> None:
    units = _units(at, ops.workers.count)
    rows = rounded_up(max(last - first for _, (first, last), _ in units), LANES)
    filters = max(last - first for _, _, (first, last) in units)
    step = at.step
    columns = ops.scratch("conv.columns", (ops.workers.count, step // LANES, min(rows, DEPTH), LANES))
    right = ops.scratch("conv.top", (ops.workers.count, (ceil(filters / LANES) * step + LANES) * LANES))
    made = ops.scratch("conv.made", (ops.workers.count, ceil(filters / LANES), rows, LANES))
    taps, matrix, top = _taps(at.channels, geo), dw.reshape(dw.shape[0], -1), _maps(dy)

    def task(lo: int, hi: int, worker: int) -> None:
        for group, of_rows, of_filters in units[lo:hi]:
            mine = columns[worker], right[worker], made[worker]
            filters_gradient_pass(x, top, matrix, taps, *mine, group, of_rows, of_filters, at.channels, at.filters, at.out, at.steps)

    ops.workers.share(len(units), task)


Unit = tuple[int, tuple[int, int], tuple[int, int]]


def _units(at: Layout, workers: int) -> list[Unit]:
    """The filters' gradient cut into (group, rows of the unfolded matrix, filters), as many as there are workers or more."""
    parts = ceil(workers / at.groups)
    rows = [(0, at.rows)]
    filters = [(0, at.filters)]
    if at.rows >= at.filters:
        rows = _cut(at.rows, parts)
    else:
        filters = _cut(at.filters, parts)
    return [(group, r, f) for group in range(at.groups) for r in rows for f in filters]


def _cut(count: int, parts: int) -> list[tuple[int, int]]:
    """Ranges of whole blocks of LANES."""
    blocks = ceil(count / LANES)
    ranges = (part(blocks, i, min(parts, blocks)) for i in range(min(parts, blocks)))
    return [(lo * LANES, min(hi * LANES, count)) for lo, hi in ranges]


def _layout(x: Array, w: Array, y: Array, geo: ConvGeometry) -> Layout:
    steps = geo.stride[0], geo.stride[1], geo.pad[0], geo.pad[1]
    out = y.shape[2], y.shape[3]
    return Layout(geo.group, x.shape[1] // geo.group, w.shape[0] // geo.group, prod(geo.kernel), out, y.shape[0] * prod(out), steps)


def _flattened(x: Array, y: Array, geo: ConvGeometry) -> tuple[Array, Array, ConvGeometry]:
    """Arrays of two spatial axes; a 1 x 1 convolution that takes every pixel has maps of one row, which are unfolded in longer runs."""
    if all(k == s == 1 for k, s in zip(geo.kernel, geo.stride, strict=True)) and not any(geo.pad):
        return _one_row(x), _one_row(y), ConvGeometry((1, 1), (1, 1), (0, 0), (1, 1), geo.group)
    if len(geo.kernel) == 1:
        geo = ConvGeometry((1, *geo.kernel), (1, *geo.stride), (0, *geo.pad), (1, *geo.dilation), geo.group)
        return _one_row(x), _one_row(y), geo
    return x, y, geo


def _one_row(x: Array) -> Array:
    return x.reshape(*x.shape[:2], 1, prod(x.shape[2:]))


def _maps(y: Array) -> Array:
    return y.reshape(*y.shape[:2], prod(y.shape[2:]))


def _whole_rows(w: Array, at: Layout, room: Callable[[tuple[int, ...]], Array]) -> Array:
    """w as (groups, filters, rows), the filters of a group filled up to whole ROWS; room gives an array for it where that takes one."""
    shape = at.groups, rounded_up(at.filters, ROWS), at.rows
    if shape[1] == at.filters:
        return w.reshape(shape)
    padded = room(shape)
    padded[:, : at.filters] = w.reshape(at.groups, at.filters, at.rows)
    padded[:, at.filters :] = 0
    return padded


def _turned(ops: Room, w: Array, at: Layout) -> Array:
    """The weights of the convolution 1 x 1 that makes bottoms of tops."""
    turned = ops.scratch("conv.turned", (at.groups, at.channels, at.filters))
    turn_filters(w.reshape(at.groups, at.filters, at.channels), turned)
    return turned.reshape(at.groups * at.channels, at.filters, 1, 1)


def _taps(channels: int, geo: ConvGeometry) -> Array:
    """(channel, row, column) of each row of the unfolded matrix of a group."""
    return _cached_taps(channels, geo.kernel, geo.dilation)


@cache
def _cached_taps(channels: int, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> Array:
    rows = product(range(channels), range(kernel[0]), range(kernel[1]))
    return numpy.array([(c, i * dilation[0], j * dilation[1]) for c, i, j in rows], "int64")
