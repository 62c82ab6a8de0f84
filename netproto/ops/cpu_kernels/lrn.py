"""LRN across channels, PIXELS at a time: few enough that all channels of them stay in the cache, and many enough that memory is read in
long runs. Arrays (N, C, pixels).
"""

from __future__ import annotations

from typing import Any

import numpy

from .jit import inlined, kernel

Array = Any
PIXELS = 512


@inlined
def powers(scale: Array, beta: Any, count: int, out: Array) -> None:
    """out = scale ** -beta; by square roots for the usual 0.75, which vectors have and powers not."""
    if beta == numpy.float32(0.75):
        for p in range(count):
            root = numpy.sqrt(scale[p])
            out[p] = numpy.float32(1) / (root * numpy.sqrt(root))
    else:
        for p in range(count):
            out[p] = scale[p] ** -beta


@inlined
def around(channel: int, size: int, channels: int) -> tuple[int, int]:
    """The channels that are nearest: size of them, fewer at the ends."""
    return max(0, channel - size // 2), min(channels, channel + size // 2 + 1)


@kernel
def lrn_across(x: Array, y: Array, scale: Array, keep: bool, size: int, alpha: Any, beta: Any, k: Any, lo: int, hi: int) -> None:
    """For the blocks of PIXELS lo..hi, counted through the images. alpha is over size already. scale is written if it is to be kept."""
    channels, pixels = x.shape[1:]
    blocks = (pixels + PIXELS - 1) // PIXELS
    sums, factors = numpy.empty(PIXELS, numpy.float32), numpy.empty(PIXELS, numpy.float32)
    for block in range(lo, hi):
        n, start = block // blocks, block % blocks * PIXELS
        count = min(PIXELS, pixels - start)
        for c in range(channels):
            sums[:] = 0
            first, last = around(c, size, channels)
            for near in range(first, last):
                value = x[n, near, start : start + count]
                for p in range(count):
                    sums[p] += value[p] * value[p]
            value, out = x[n, c, start : start + count], y[n, c, start : start + count]
            for p in range(count):
                sums[p] = k + alpha * sums[p]
            powers(sums, beta, count, factors)
            for p in range(count):
                out[p] = value[p] * factors[p]
            if keep:
                scale[n, c, start : start + count] = sums[:count]


@kernel
def lrn_across_backward(
    x: Array, y: Array, scale: Array, dy: Array, dx: Array, ratios: Array, size: int, alpha: Any, beta: Any, lo: int, hi: int
) -> None:  # fmt: skip
    """For the blocks of PIXELS lo..hi. alpha is over size already. ratios: a workspace of (C, PIXELS)."""
    channels, pixels = x.shape[1:]
    blocks = (pixels + PIXELS - 1) // PIXELS
    shared, factors = numpy.empty(PIXELS, numpy.float32), numpy.empty(PIXELS, numpy.float32)
    factor = numpy.float32(2) * alpha * beta
    for block in range(lo, hi):
        n, start = block // blocks, block % blocks * PIXELS
        count = min(PIXELS, pixels - start)
        for c in range(channels):
            up, out, below = dy[n, c, start : start + count], y[n, c, start : start + count], scale[n, c, start : start + count]
            for p in range(count):
                ratios[c, p] = up[p] * out[p] / below[p]
        for c in range(channels):
            shared[:] = 0
            first, last = around(c, size, channels)
            for near in range(first, last):
                for p in range(count):
                    shared[p] += ratios[near, p]
            up, below = dy[n, c, start : start + count], scale[n, c, start : start + count]
            value, down = x[n, c, start : start + count], dx[n, c, start : start + count]
            powers(below, beta, count, factors)
            for p in range(count):
                down[p] = up[p] * factors[p] - factor * value[p] * shared[p]
