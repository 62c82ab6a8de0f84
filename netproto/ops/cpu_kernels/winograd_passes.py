"""What one worker does of a convolution by F(m x m, r x r), without the GIL. Ranges are (first, end).

`sizes` is (groups, channels of a group, filters of a group, bands of a map, tiles across, stride); blocks of channels or filters are
counted through the groups.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from .jit import kernel
from .products import BLOCK, BYTES, multiply, multiply_transposed
from .vectors import LANES
from .winograd_tiles import bottom_gradient_tiles, bottom_tiles, bottom_width, new_strip, top_gradient_tiles, top_tiles


@cache
def forward_pass(m: int, r: int) -> Callable[..., None]:
    n = m + r - 1

    @kernel
    def run(x, u, bias, y, v, planes, bands, blocks, step, rows, together, sizes, pad, finish):  # type: ignore[no-untyped-def]
        """y for a range of bands and of filter blocks, `step` bands and `together` blocks at a time. v, planes: the worker's own."""
        groups, channels, filters, map_bands, across, stride = sizes
        channel_blocks, filter_blocks = (channels + LANES - 1) // LANES, (filters + LANES - 1) // LANES
        shared = channel_blocks * LANES
        width = bottom_width(m, r, across)
        strip, made, columns = new_strip(n, width), new_strip(m, width), new_strip(n, width)
        for group in range(groups):
            begin, end = max(blocks[0], group * filter_blocks), min(blocks[1], (group + 1) * filter_blocks)
            for first in range(bands[0], bands[1] if begin < end else bands[0], step):
                last = min(bands[1], first + step)
                for block in range(channel_blocks):
                    channel, count = group * channels + block * LANES, min(LANES, channels - block * LANES)
                    bottom_tiles(
                        m, r, x, channel, count, v, block, rows, first, last, map_bands, across, pad, stride, strip, columns
                    )  # fmt: skip
                for block in range(begin, end, together):
                    width = min(together, end - block)
                    for xi in range(n * n):
                        left, right = v.ctypes.data + xi * v.shape[1] * BYTES, u.ctypes.data + xi * u.shape[1] * BYTES
                        out = planes.ctypes.data + xi * planes.shape[1] * BYTES
                        multiply(left, rows, right + block * shared * BLOCK, out, rows, (last - first) * across, shared, width, False)
                    for i in range(width):
                        start = (block + i) % filter_blocks * LANES
                        channel, count = group * filters + start, min(LANES, filters - start)
                        top_tiles(
                            m, r, planes, i, rows, bias, y, channel, count, first, last, map_bands, across, made, columns, finish
                        )  # fmt: skip

    return run


@cache
def bottom_planes(m: int, r: int) -> Callable[..., None]:
    n = m + r - 1

    @kernel
    def run(x, v, blocks, bands, rows, sizes, pad):  # type: ignore[no-untyped-def]
        """v = B' x B for a range of channel blocks."""
        _, channels, _, map_bands, across, stride = sizes
        channel_blocks = (channels + LANES - 1) // LANES
        strip, columns = new_strip(n, bottom_width(m, r, across)), new_strip(n, bottom_width(m, r, across))
        for block in range(blocks[0], blocks[1]):
            start = block % channel_blocks * LANES
            channel, count = block // channel_blocks * channels + start, min(LANES, channels - start)
            bottom_tiles(
                m, r, x, channel, count, v, block, rows, bands[0], bands[1], map_bands, across, pad, stride, strip, columns
            )  # fmt: skip

    return run


@cache
def top_gradient_planes(m: int, r: int) -> Callable[..., None]:
    n = m + r - 1

    @kernel
    def run(dy, d, sums, blocks, bands, rows, sizes):  # type: ignore[no-untyped-def]
        """d = A dy A' for a range of filter blocks; sums (float64) += the sum of each channel of dy."""
        _, _, filters, map_bands, across, _ = sizes
        filter_blocks = (filters + LANES - 1) // LANES
        strip, columns = new_strip(m, across * m), new_strip(n, across * m)
        for block in range(blocks[0], blocks[1]):
            start = block % filter_blocks * LANES
            channel, count = block // filter_blocks * filters + start, min(LANES, filters - start)
            top_gradient_tiles(m, r, dy, channel, count, d, block, rows, sums, bands[0], bands[1], map_bands, across, strip, columns)

    return run


@cache
def bottom_gradient_maps(m: int, r: int) -> Callable[..., None]:
    n = m + r - 1

    @kernel
    def run(e, dx, blocks, bands, rows, sizes, pad):  # type: ignore[no-untyped-def]
        """dx = B e B' for a range of channel blocks, added up over the bands that share a row."""
        _, channels, _, map_bands, across, _ = sizes
        channel_blocks = (channels + LANES - 1) // LANES
        strip, columns = new_strip(n, bottom_width(m, r, across)), new_strip(n, bottom_width(m, r, across))
        for block in range(blocks[0], blocks[1]):
            start = block % channel_blocks * LANES
            channel, count = block // channel_blocks * channels + start, min(LANES, channels - start)
            bottom_gradient_tiles(m, r, e, block, rows, dx, channel, count, bands[0], bands[1], map_bands, across, pad, strip, columns)

    return run


@kernel
def products(d, v, u, du, lo, hi, tiles, rows, sizes, wanted, add):  # type: ignore[no-untyped-def]
    """du = or, if add, += d' v, then v = d u, for the planes and groups lo..hi. wanted: which of the two."""
    groups, channels, filters, _, _, _ = sizes
    channel_blocks, filter_blocks = (channels + LANES - 1) // LANES, (filters + LANES - 1) // LANES
    shared = filter_blocks * LANES
    for item in range(lo, hi):
        xi, group = item // groups, item % groups
        top = d.ctypes.data + (xi * d.shape[1] + group * filter_blocks * rows * LANES) * BYTES
        bottom = v.ctypes.data + (xi * v.shape[1] + group * channel_blocks * rows * LANES) * BYTES
        at = (xi * u.shape[1] + group * channel_blocks * shared * LANES) * BYTES
        if wanted[0]:
            multiply_transposed(top, bottom, rows, du.ctypes.data + at, shared, shared, tiles, channel_blocks, add)
        if wanted[1]:
            multiply(top, rows, u.ctypes.data + at, bottom, rows, tiles, shared, channel_blocks, False)
