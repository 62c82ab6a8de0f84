"""The two-dimensional transforms of F(m x m, r x r), between images and the planes that are multiplied.

A map is cut into tiles of m x m outputs, made from n x n inputs, n = m + r - 1. Tiles are numbered along the rows of tiles ("bands") of a
map and on through the maps of the next images. LANES channels make a block and are transformed together. Plane xi of the n * n holds one
value of every tile: planes[xi, (block * rows + tile) * LANES + lane]; `rows` is the number of tiles, rounded up.

A strip holds the pixels of one band and block, (row, column, lane), so that a vector is a pixel: columns are transformed for the whole
strip at once, then rows tile by tile. Lanes without a channel are zero.

A strided convolution is one of stride 1 over stride**2 times the channels: channel (c * stride + i) * stride + j is
x[c, i::stride, j::stride]. All pieces take bands first..last and the number of bands and of tiles across of a map.
"""

from __future__ import annotations

from typing import Any

import numpy

from .jit import inlined
from .vectors import LANES, combine

Array = Any
BYTES = 4


@inlined
def window(size: int, width: int, offset: int, stride: int) -> tuple[int, int]:
    """The z of range(size) for which z * stride + offset lies in range(width)."""
    lo = min(size, max(0, (stride - 1 - offset) // stride))
    return lo, max(lo, min(size, (width - 1 - offset) // stride + 1))


@inlined
def gather_lane(image: Array, c: int, top: int, left: int, stride: int, height: int, width: int, lane: int, strip: Array) -> None:
    """strip[i, z, lane] = image[c, top + i * stride, left + z * stride] where that is inside; rows outside become zero, columns stay."""
    lo, hi = window(width, image.shape[2], left, stride)
    for i in range(height):
        y, start = top + i * stride, i * width
        if y < 0 or y >= image.shape[1]:
            for z in range(lo, hi):
                strip[numpy.uintp((start + z) * LANES + lane)] = 0
        else:
            for z in range(lo, hi):
                strip[numpy.uintp((start + z) * LANES + lane)] = image[c, y, numpy.uintp(left + z * stride)]


@inlined
def clear_lane(lane: int, strip: Array) -> None:
    for z in range(strip.size // LANES):
        strip[z * LANES + lane] = 0


@inlined
def bottom_tiles(
    m: int, r: int, x: Array, channel: int, channels: int, planes: Array, block: int, rows: int,
    first: int, last: int, bands: int, across: int, pad: tuple[int, int], stride: int, strip: Array, columns: Array,
) -> None:  # fmt: skip
    """planes = B' x B for one block. channel, channels: its first and how many; stride 1, 2 or 4, so that a lane's phase is fixed.

    strip and columns: (n, across * m + n - m, LANES), the strip zero where no pixel comes.
    """
    n = m + r - 1
    width = across * m + n - m
    for lane in range(channels, LANES):
        clear_lane(lane, strip)
    tile = block * rows
    for band in range(first, last):
        top = band % bands * m * stride
        for lane in range(channels):
            c, phase = divmod(channel + lane, stride * stride)
            gather_lane(x[band // bands], c, top + phase // stride - pad[0], phase % stride - pad[1], stride, n, width, lane, strip)
        for z in range(width):
            at = z * LANES * BYTES
            combine("B'", m, r, 0, strip.ctypes.data + at, width * LANES, columns.ctypes.data + at, width * LANES)
        for tx in range(across):
            for i in range(n):
                source = columns.ctypes.data + (i * width + tx * m) * LANES * BYTES
                target = planes.ctypes.data + (i * n * planes.shape[1] + tile * LANES) * BYTES
                combine("B'", m, r, 0, source, LANES, target, planes.shape[1])
            tile += 1


@inlined
def top_tiles(
    m: int, r: int, planes: Array, block: int, rows: int, bias: Array, y: Array, channel: int, channels: int,
    first: int, last: int, bands: int, across: int, strip: Array, columns: Array,
) -> None:  # fmt: skip
    """y = A' planes A + bias for one block. strip: (m, across * m, LANES), columns: (n, across * m, LANES)."""
    n = m + r - 1
    width = across * m
    tile = block * rows
    for band in range(first, last):
        for tx in range(across):
            for i in range(n):
                source = planes.ctypes.data + (i * n * planes.shape[1] + tile * LANES) * BYTES
                target = columns.ctypes.data + (i * width + tx * m) * LANES * BYTES
                combine("A'", m, r, 0, source, planes.shape[1], target, LANES)
            tile += 1
        for z in range(width):
            at = z * LANES * BYTES
            combine("A'", m, r, 0, columns.ctypes.data + at, width * LANES, strip.ctypes.data + at, width * LANES)
        top = band % bands * m
        for lane in range(channels):
            for i in range(min(m, y.shape[2] - top)):
                for z in range(y.shape[3]):
                    y[band // bands, channel + lane, top + i, z] = strip[(i * width + z) * LANES + lane] + bias[channel + lane]


@inlined
def top_gradient_tiles(
    m: int, r: int, dy: Array, channel: int, channels: int, planes: Array, block: int, rows: int, db: Array,
    first: int, last: int, bands: int, across: int, strip: Array, columns: Array,
) -> None:  # fmt: skip
    """planes = A dy A' for one block, db += the sum of dy. strip: (m, across * m, LANES), zero; columns: (n, across * m, LANES)."""
    n = m + r - 1
    width = across * m
    for lane in range(channels, LANES):
        clear_lane(lane, strip)
    tile = block * rows
    for band in range(first, last):
        for lane in range(channels):
            gather_lane(dy[band // bands], channel + lane, band % bands * m, 0, 1, m, width, lane, strip)
        for z in range(width):
            at = z * LANES * BYTES
            combine("A", m, r, 0, strip.ctypes.data + at, width * LANES, columns.ctypes.data + at, width * LANES)
        sum_lanes(strip, channels, db, channel)
        for tx in range(across):
            for i in range(n):
                source = columns.ctypes.data + (i * width + tx * m) * LANES * BYTES
                target = planes.ctypes.data + (i * n * planes.shape[1] + tile * LANES) * BYTES
                combine("A", m, r, 0, source, LANES, target, planes.shape[1])
            tile += 1


@inlined
def sum_lanes(strip: Array, channels: int, sums: Array, channel: int) -> None:
    """sums[channel + lane] += the sum of the lane's pixels; sums float64."""
    totals = numpy.zeros(LANES, numpy.float32)
    for z in range(strip.size // LANES):
        for lane in range(LANES):
            totals[lane] += strip[z * LANES + lane]
    for lane in range(channels):
        sums[channel + lane] += totals[lane]


@inlined
def bottom_gradient_tiles(
    m: int, r: int, planes: Array, block: int, rows: int, dx: Array, channel: int, channels: int,
    first: int, last: int, bands: int, across: int, pad: tuple[int, int], strip: Array, columns: Array,
) -> None:  # fmt: skip
    """dx = or += B planes B' for one block; the first band of a map overwrites it. strip and columns: (n, across * m + n - m, LANES)."""
    n = m + r - 1
    width = across * m + n - m
    lo, hi = window(width, dx.shape[3], -pad[1], 1)
    tile = block * rows
    for band in range(first, last):
        columns[:] = 0
        for tx in range(across):
            for i in range(n):
                source = planes.ctypes.data + (i * n * planes.shape[1] + tile * LANES) * BYTES
                target = columns.ctypes.data + (i * width + tx * m) * LANES * BYTES
                combine("B", m, r, 1, source, planes.shape[1], target, LANES)
            tile += 1
        for z in range(width):
            at = z * LANES * BYTES
            combine("B", m, r, 0, columns.ctypes.data + at, width * LANES, strip.ctypes.data + at, width * LANES)
        top = band % bands * m - pad[0]
        for lane in range(channels):
            image = dx[band // bands, channel + lane]
            if band % bands == 0:
                image[:] = 0
            for i in range(max(0, -top), min(n, dx.shape[2] - top)):
                for z in range(lo, hi):
                    image[top + i, numpy.uintp(z - pad[1])] += strip[numpy.uintp((i * width + z) * LANES + lane)]
