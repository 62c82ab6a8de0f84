"""Convolution of few channels, such as those of a picture: windows are read where they lie, and not unfolded.

Planes are laid out as planes.py says. A row of the matrix that would be unfolded, a tap of a channel, is a shift of a phase then. Some rows
of the map are made at a time. Nothing is summed across workers, so the result is the same for any number of them.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy

from ..geometry import ConvGeometry
from .direct_products import correlations, windows
from .finish import PLAIN, Ending, beside, finish_lanes
from .jit import kernel
from .planes import Flat, Steps, lay_out, plan_of
from .products import BLOCK, BYTES, TERMS, at_once
from .transpose import gather, scatter, take
from .vectors import LANES, ROWS, rounded_up
from .workers import Room, bias_or_zeros

Array = Any
PIECE = 2**16
"""About how many elements of outputs are worked on at once: 256 KB."""


def forward(
    ops: Room, x: Array, w: Array, bias: Array | None, y: Array, geo: ConvGeometry, finish: Ending = PLAIN
) -> None:  # fmt: skip
    """y may have more channels than there are filters: the first ones are written."""
    steps, flat, offsets = _plan(x, w, y.shape[2:], geo)
    filters, rows = rounded_up(w.shape[0], ROWS), _rows_at_once(w, y, flat)
    level = bias_or_zeros(ops, bias, w.shape[0])
    matrix = ops.scratch("direct.filters", (filters, len(offsets)))
    matrix[: w.shape[0]] = w.reshape(w.shape[0], -1)
    matrix[w.shape[0] :] = 0
    planes = _planes(ops, x, steps, flat)
    made = ops.scratch("direct.made", (ops.workers.count, filters, rounded_up(rows * flat[0], LANES)))

    def task(lo: int, hi: int, worker: int) -> None:
        _forward(x, matrix, level, y, steps, flat, offsets, planes[worker], made[worker], rows, w.shape[0], finish, lo, hi)

    ops.workers.share(y.shape[0] * ceil(y.shape[2] / rows), task)


def filters_gradient(ops: Room, x: Array, dy: Array, dw: Array, geo: ConvGeometry) -> None:
    """dw += its gradient."""
    steps, flat, offsets = _plan(x, dw, dy.shape[2:], geo)
    taps, rows, blocks = len(offsets), _rows_at_once(dw, dy, flat), ceil(dw.shape[0] / LANES)
    filled = numpy.concatenate([offsets, numpy.full(-taps % LANES, offsets[0])])
    each = ceil(blocks / ops.workers.count)
    planes, length = _planes(ops, x, steps, flat), rows * flat[0] + LANES
    turned = ops.scratch("direct.turned", (ops.workers.count, each, length, LANES))
    sums = ops.scratch("direct.sums", (ops.workers.count, each, len(filled), LANES))

    def task(lo: int, hi: int, worker: int) -> None:
        _filters_gradient(x, dy, dw, steps, flat, filled, planes[worker], turned[worker], sums[worker], rows, taps, lo, hi)

    ops.workers.share(blocks, task)


def _plan(x: Array, w: Array, out: tuple[int, ...], geo: ConvGeometry) -> tuple[Steps, Flat, Array]:
    """Also where each tap of each channel begins in the planes of an image."""
    steps, flat, taps = plan_of(geo, out)
    within = numpy.empty(taps.shape[1], "int64")
    within[taps[0]] = taps[1] * flat[2] + taps[2]
    channels = numpy.arange(x.shape[1])[:, None] * (steps[0] * steps[1] * flat[2])
    return steps, flat, (channels + within).reshape(-1)


def _planes(ops: Room, x: Array, steps: Steps, flat: Flat) -> Array:
    return ops.scratch("direct.planes", (ops.workers.count, x.shape[1], steps[0] * steps[1], flat[2]))


def _rows_at_once(w: Array, y: Array, flat: Flat) -> int:
    return max(1, min(y.shape[2], PIECE // (rounded_up(w.shape[0], LANES) * flat[0])))


@kernel
def _forward(x, w, bias, y, steps, flat, offsets, planes, made, each, filters, finish, lo, hi):  # type: ignore[no-untyped-def]
    """Items lo..hi: so many rows of the map as `each` says, counted through the images."""
    height, width, pitch = y.shape[2], y.shape[3], flat[0]
    items, laid = (height + each - 1) // each, -1
    planes[:] = 0
    for item in range(lo, hi):
        n, top = item // items, item % items * each
        if n != laid:
            for c in range(x.shape[1]):
                lay_out(x, n, c, steps, flat, planes[c])
            laid = n
        rows, block = min(each, height - top), 0
        blocks = (rows * pitch + LANES - 1) // LANES
        while block < blocks:
            vectors = at_once(blocks - block)
            source = planes.ctypes.data + top * pitch * BYTES + block * BLOCK
            for k in range(0, w.shape[0], ROWS):
                windows(
                    vectors, w.ctypes.data + k * w.shape[1] * BYTES, w.shape[1], source, offsets.ctypes.data, w.shape[1],
                    made.ctypes.data + k * made.shape[1] * BYTES + block * BLOCK, made.shape[1],
                )  # fmt: skip
            block += vectors
        for k in range(filters):
            for row in range(rows):
                source = made.ctypes.data + (k * made.shape[1] + row * pitch) * BYTES
                target = y.ctypes.data + (((n * y.shape[1] + k) * height + top + row) * width) * BYTES
                for i in range(0, width, LANES):
                    place = target + i * BYTES
                    finish_lanes(source + i * BYTES, 0, width - i, bias[k], beside(place, finish), finish[1], place)


@kernel
def _filters_gradient(x, dy, dw, steps, flat, offsets, planes, turned, sums, each, taps, lo, hi):  # type: ignore[no-untyped-def]
    """dw += for the blocks lo..hi of LANES filters. turned (blocks, outputs, LANES), sums (blocks, taps of all channels, LANES)."""
    filters, height, width, pitch = dy.shape[1], dy.shape[2], dy.shape[3], flat[0]
    planes[:] = 0
    sums[:] = 0
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            lay_out(x, n, c, steps, flat, planes[c])
        for top in range(0, height, each):
            rows = min(each, height - top)
            for block in range(hi - lo):
                first = (lo + block) * LANES
                source = dy.ctypes.data + ((n * filters + first) * height + top) * width * BYTES
                target = turned.ctypes.data + block * turned.shape[1] * BLOCK
                for row in range(rows):
                    for p in range(0, width, LANES):
                        gather(
                            1, source + (row * width + p) * BYTES, height * width, 0, filters - first, 0, 1, 0, width - p,
                            target + (row * pitch + p) * BLOCK,
                        )  # fmt: skip
                    for p in range(width, pitch):
                        take(target, 0, 0, target + (row * pitch + p) * BLOCK)
            block = 0
            while block < hi - lo:
                vectors = at_once(hi - lo - block)
                for tap in range(0, len(offsets), ROWS):
                    for start in range(0, rows * pitch, TERMS):
                        correlations(
                            vectors, planes.ctypes.data + (top * pitch + start) * BYTES, offsets.ctypes.data + tap * 8,
                            min(TERMS, rows * pitch - start), turned.ctypes.data + (block * turned.shape[1] + start) * BLOCK,
                            turned.shape[1] * LANES, sums.ctypes.data + (block * sums.shape[1] + tap) * BLOCK, sums.shape[1] * LANES,
                        )  # fmt: skip
                block += vectors
    for block in range(hi - lo):
        first = (lo + block) * LANES
        for tap in range(0, taps, LANES):
            source = sums.ctypes.data + (block * sums.shape[1] + tap) * BLOCK
            scatter(1, source, 0, dw.ctypes.data + (first * taps + tap) * BYTES, taps, filters - first, taps - tap)
