"""What one worker does of a convolution 1 x 1, without the GIL. Ranges are (first, end). Maps are (N, C, pixels)."""

from __future__ import annotations

from typing import Any

import numpy

from .finish import Ending, beside, finish_lanes
from .jit import inlined, kernel
from .pointwise_products import multiply_ahead
from .products import BLOCK, BYTES
from .streaming import settle
from .transpose import move, scatter, take
from .unfold import pack_top, turn_top, write_top
from .vectors import LANES

Array = Any


@kernel
def outputs_pass(x, w, turned, level, y, columns, left, made, outputs, rows, height, whole, plain, past, finish):  # type: ignore[no-untyped-def]
    """y = w x + level, finished, for a range of outputs and of rows of w, `height` rows at a time.

    w: (rows, x's channels), or if turned (x's channels, rows). columns: (blocks, terms, LANES), what is packed of x, terms being the most
    that are summed at once; left: the same of w if it is turned. whole: maps are whole blocks, and results go where they belong at once;
    else by way of made (blocks, height, LANES). plain: results need not be finished; past: they pass the caches by.
    """
    depth, pixels, step, most = x.shape[1], x.shape[2], columns.shape[0] * LANES, columns.shape[1]
    start = outputs[0]
    while start < outputs[1]:
        n, place = start // pixels, start % pixels
        count = min(step, outputs[1] - start)
        if whole:
            count = min(count, pixels - place)
        blocks = (count + LANES - 1) // LANES
        for low in range(rows[0], rows[1], height):
            high = min(low + height, rows[1])
            target, out = made.ctypes.data, (LANES, height * LANES)
            if whole:
                target, out = address(y, n, low, place), (pixels, LANES)
            for first in range(0, depth, most):
                terms = min(most, depth - first)
                pack_top(x, first, terms, start, count, columns)
                source, steps = w.ctypes.data + (low * depth + first) * BYTES, (LANES * depth, depth, 1)
                if turned:
                    pack_left(w, first, terms, low, high, left)
                    source, steps = left.ctypes.data, (most * LANES, 1, LANES)
                ahead = x.ctypes.data, pixels, 0
                if first + most < depth:
                    ahead = address(x, n, first + most, place), pixels, blocks
                elif high == rows[1] and start + count < outputs[1]:
                    ahead = address(x, (start + count) // pixels, 0, (start + count) % pixels), pixels, blocks
                multiply_ahead(
                    source, steps, (terms, 1, 0), columns.ctypes.data, most * LANES, target, out,
                    (high - low, blocks), first > 0, past, ahead,
                )  # fmt: skip
            if not whole:
                write_top(made, level, low, high - low, start, count, y, finish)
            elif not plain:
                finish_whole(y, level, n, low, high, place, blocks, finish)
        start += count
    if past:
        settle()


@inlined
def address(maps: Array, n: int, channel: int, pixel: int) -> int:
    """Where a pixel stands."""
    return maps.ctypes.data + ((n * maps.shape[1] + channel) * maps.shape[2] + pixel) * BYTES


@inlined
def pack_left(w: Array, first: int, terms: int, low: int, high: int, to: Array) -> None:
    """to (blocks, terms, LANES) = the columns low..high of some rows of a matrix."""
    for t in range(terms):
        source, target = w.ctypes.data + ((first + t) * w.shape[1] + low) * BYTES, to.ctypes.data + t * BLOCK
        for block in range((high - low + LANES - 1) // LANES):
            take(source + block * BLOCK, 0, high - low - block * LANES, target + block * to.shape[1] * BLOCK)


@inlined
def finish_whole(y: Array, level: Array, n: int, low: int, high: int, place: int, blocks: int, finish: Ending) -> None:
    """Finish whole blocks of the channels low..high of an image where they are."""
    for k in range(low, high):
        for block in range(blocks):
            target = address(y, n, k, place) + block * BLOCK
            finish_lanes(target, 0, LANES, level[k], beside(target, finish), finish[1], target)


@kernel
def sums_pass(a, b, right, made, rows, piece, portion, turned, dw):  # type: ignore[no-untyped-def]
    """dw += a b', summed over pixels, for a range of a's channels. dw: (a's channels, b's), or if turned (b's channels, a's).

    piece: the (images, pixels of each) of b that are turned at once; portion: those that are summed at once; one image, or all of its
    pixels. made: (blocks of b's channels, channels of a, LANES).
    """
    pixels, width, most = a.shape[2], b.shape[1], made.shape[1]
    blocks = (width + LANES - 1) // LANES
    for low in range(rows[0], rows[1], most):
        high, add = min(low + most, rows[1]), False
        for n in range(0, a.shape[0], piece[0]):
            images = min(piece[0], a.shape[0] - n)
            for place in range(0, pixels, piece[1]):
                end = min(place + piece[1], pixels)
                count = images * (end - place)
                padded = (count + LANES - 1) // LANES * LANES
                turn_top(b, 0, width, n * pixels + place, count, padded, right)
                for i in range(0, images, portion[0]):
                    for p in range(place, end, portion[1]):
                        terms = min(portion[1], end - p), min(portion[0], images - i), a.shape[1] * pixels
                        multiply_ahead(
                            address(a, n + i, low, p), (LANES * pixels, pixels, 1), terms,
                            right.ctypes.data + (i * pixels + p - place) * BLOCK, padded * LANES,
                            made.ctypes.data, (LANES, most * LANES), (high - low, blocks), add, False, (a.ctypes.data, 0, 0),
                        )  # fmt: skip
                        add = True
        for block in range(blocks):
            add_sums(made, block, low, high, turned, dw)


@inlined
def add_sums(made: Array, block: int, low: int, high: int, turned: bool, dw: Array) -> None:
    """dw += a block of `made`: the rows low..high, or columns if turned."""
    for r in range(low, high, LANES):
        source, column = made.ctypes.data + (block * made.shape[1] + r - low) * BLOCK, block * LANES
        if turned:
            scatter(1, source, 0, dw.ctypes.data + (column * dw.shape[1] + r) * BYTES, dw.shape[1], dw.shape[0] - column, high - r)
        else:
            for k in range(min(LANES, high - r)):
                target = dw.ctypes.data + ((r + k) * dw.shape[1] + column) * BYTES
                move(1, source + k * BLOCK, 0, dw.shape[1] - column, numpy.float32(0), target)
