"""The two-dimensional transforms of F(m x m, r x r), between images and the planes that are multiplied.

A map is cut into tiles of m x m outputs, made from n x n inputs, n = m + r - 1. Tiles are numbered along the rows of tiles ("bands") of a
map and on through the maps of the next images. LANES channels make a block and are transformed together. Plane xi of the n * n holds one
value of every tile: planes[xi, (block * rows + tile) * LANES + lane]; `rows` is the number of tiles, rounded up.

A strip holds the pixels of one band and block, (row, column, lane), so that a vector is a pixel: columns are transformed for the whole
strip at once, then rows tile by tile. Lanes without a channel are zero. Rows are LANES pixels longer than needed, since pixels come and
go in runs of LANES.

A strided convolution is one of stride 1 over stride**2 times the channels: channel (c * stride + i) * stride + j is
x[c, i::stride, j::stride]. All pieces take bands first..last and the number of bands and of tiles across of a map.
"""

from __future__ import annotations

from typing import Any

import numpy

from .finish import Ending, beside, finish_rows
from .jit import inlined
from .prefetch import write_line
from .transpose import gather, scatter
from .vectors import LANES, add_up, combine

Array = Any
BYTES = 4
PIXEL = LANES * BYTES
SOON = 4
"""How many tiles later the lines of planes are written that are asked for."""


@inlined
def bottom_width(m: int, r: int, across: int) -> int:
    """The pixels of a strip's row that are transformed."""
    return across * m + r - 1


@inlined
def new_strip(rows: int, width: int) -> Array:
    return numpy.zeros((rows, (width + LANES) * LANES), numpy.float32)


@inlined
def pixel(strip: Array, row: int, column: int) -> int:
    """The address of a strip's pixel."""
    return strip.ctypes.data + (row * strip.shape[1] + column * LANES) * BYTES


@inlined
def place(images: Array, n: int, channel: int, y: int, x: int) -> int:
    """The address of an image's pixel, which may lie outside."""
    return images.ctypes.data + (((n * images.shape[1] + channel) * images.shape[2] + y) * images.shape[3] + x) * BYTES


@inlined
def read_row(images: Array, n: int, channel: int, channels: int, y: int, left: int, strip: Array, i: int, width: int) -> None:
    """strip[i, z] = row y of the images from column `left` on, 0 outside, for z < width."""
    step, columns = images.shape[2] * images.shape[3], images.shape[3]
    inside = channels if 0 <= y < images.shape[2] else 0
    for z in range(0, width, LANES):
        gather(1, place(images, n, channel, y, left + z), step, 0, inside, 0, 1, -left - z, columns - left - z, pixel(strip, i, z))


@inlined
def read_phases(
    images: Array, n: int, channel: int, channels: int, y: int, left: int, stride: int, strip: Array, i: int, width: int
) -> None:  # fmt: skip
    """The same for stride 2 or 4: rows y..y + stride, and vectors of stride**2 channels for each channel."""
    step, columns = images.shape[2] * images.shape[3], images.shape[3]
    first, last = max(0, -y), min(stride, images.shape[2] - y)
    for z in range(0, width, LANES // stride):
        start = left + z * stride
        source, target = place(images, n, channel, y, start), pixel(strip, i, z)
        if stride == 2:
            gather(2, source, step, columns, channels, first, last, -start, columns - start, target)
        else:
            gather(4, source, step, columns, channels, first, last, -start, columns - start, target)


@inlined
def bottom_tiles(
    m: int, r: int, x: Array, channel: int, channels: int, planes: Array, block: int, rows: int,
    first: int, last: int, bands: int, across: int, pad: tuple[int, int], stride: int, strip: Array, columns: Array,
) -> None:  # fmt: skip
    """planes = B' x B for one block. channel, channels: its first and how many, as of stride 1; stride 1, 2 or 4.

    strip and columns: (n, bottom_width(m, r, across)).
    """
    n = m + r - 1
    width = across * m + r - 1
    tile = block * rows
    for band in range(first, last):
        image, top = band // bands, band % bands * m
        for i in range(n):
            if stride == 1:
                read_row(x, image, channel, channels, top + i - pad[0], -pad[1], strip, i, width)
            else:
                real, count = channel // (stride * stride), channels // (stride * stride)
                read_phases(x, image, real, count, (top + i) * stride - pad[0], -pad[1], stride, strip, i, width)
        for z in range(width):
            combine("B'", m, r, 0, pixel(strip, 0, z), strip.shape[1], pixel(columns, 0, z), columns.shape[1])
        for tx in range(across):
            for i in range(n):
                target = planes.ctypes.data + (i * n * planes.shape[1] + tile * LANES) * BYTES
                combine("B'", m, r, 0, pixel(columns, i, tx * m), LANES, target, planes.shape[1])
                for j in range(n):
                    write_line(target + SOON * PIXEL + j * planes.shape[1] * BYTES)
            tile += 1


@inlined
def top_tiles(
    m: int, r: int, planes: Array, block: int, rows: int, bias: Array, y: Array, channel: int, channels: int,
    first: int, last: int, bands: int, across: int, strip: Array, columns: Array, finish: Ending,
) -> None:  # fmt: skip
    """y = A' planes A + bias for one block. strip: (m, across * m), columns: (n, across * m); bias is LANES longer than needed."""
    n = m + r - 1
    tile = block * rows
    level, step = bias.ctypes.data + channel * BYTES, y.shape[2] * y.shape[3]
    for band in range(first, last):
        for tx in range(across):
            for i in range(n):
                source = planes.ctypes.data + (i * n * planes.shape[1] + tile * LANES) * BYTES
                combine("A'", m, r, 0, source, planes.shape[1], pixel(columns, i, tx * m), LANES)
            tile += 1
        for z in range(across * m):
            combine("A'", m, r, 0, pixel(columns, 0, z), columns.shape[1], pixel(strip, 0, z), strip.shape[1])
        image, top = band // bands, band % bands * m
        for i in range(min(m, y.shape[2] - top)):
            for z in range(0, y.shape[3], LANES):
                target = place(y, image, channel, top + i, z)
                finish_rows(pixel(strip, i, z), level, beside(target, finish), finish[1], target, step, channels, y.shape[3] - z)


@inlined
def top_gradient_tiles(
    m: int, r: int, dy: Array, channel: int, channels: int, planes: Array, block: int, rows: int, sums: Array,
    first: int, last: int, bands: int, across: int, strip: Array, columns: Array,
) -> None:  # fmt: skip
    """planes = A dy A' for one block, sums += the sum of dy. strip: (m, across * m), columns: (n, across * m)."""
    n = m + r - 1
    width = across * m
    tile = block * rows
    for band in range(first, last):
        for i in range(m):
            read_row(dy, band // bands, channel, channels, band % bands * m + i, 0, strip, i, width)
        for z in range(width):
            combine("A", m, r, 0, pixel(strip, 0, z), strip.shape[1], pixel(columns, 0, z), columns.shape[1])
        add_lanes(strip, width, channels, sums, channel)
        for tx in range(across):
            for i in range(n):
                target = planes.ctypes.data + (i * n * planes.shape[1] + tile * LANES) * BYTES
                combine("A", m, r, 0, pixel(columns, i, tx * m), LANES, target, planes.shape[1])
                for j in range(n):
                    write_line(target + SOON * PIXEL + j * planes.shape[1] * BYTES)
            tile += 1


@inlined
def add_lanes(strip: Array, width: int, channels: int, sums: Array, channel: int) -> None:
    """sums[channel + lane] += the sum of the lane's pixels; sums float64."""
    totals = numpy.zeros(LANES, numpy.float32)
    for i in range(strip.shape[0]):
        add_up(pixel(strip, i, 0), width, totals.ctypes.data)
    for lane in range(channels):
        sums[channel + lane] += totals[lane]


@inlined
def bottom_gradient_tiles(
    m: int, r: int, planes: Array, block: int, rows: int, dx: Array, channel: int, channels: int,
    first: int, last: int, bands: int, across: int, pad: tuple[int, int], strip: Array, columns: Array,
) -> None:  # fmt: skip
    """dx = or += B planes B' for one block; the first band of a map overwrites it. strip and columns as for bottom_tiles."""
    n = m + r - 1
    width = across * m + r - 1
    tile = block * rows
    step, reach = dx.shape[2] * dx.shape[3], min(width, dx.shape[3] + pad[1])
    for band in range(first, last):
        columns[:] = 0
        for tx in range(across):
            for i in range(n):
                source = planes.ctypes.data + (i * n * planes.shape[1] + tile * LANES) * BYTES
                combine("B", m, r, 1, source, planes.shape[1], pixel(columns, i, tx * m), LANES)
            tile += 1
        for z in range(width):
            combine("B", m, r, 0, pixel(columns, 0, z), columns.shape[1], pixel(strip, 0, z), strip.shape[1])
        image, top = band // bands, band % bands * m - pad[0]
        if band % bands == 0:
            dx[image, channel : channel + channels] = 0
        for i in range(max(0, -top), min(n, dx.shape[2] - top)):
            for z in range(pad[1], reach, LANES):
                scatter(1, pixel(strip, i, z), 0, place(dx, image, channel, top + i, z - pad[1]), step, channels, reach - z)
