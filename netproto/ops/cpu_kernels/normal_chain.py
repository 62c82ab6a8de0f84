"""BatchNorm with the Scale and the ReLU behind it, channel by channel, so that all that is read twice is read from the cache.

Arrays (N, C, inner). Sums are formed in float64, in the same order for any number of workers. A group of channels is what is worked on at
once, since the planes of small maps are short; planes of a group in one image are a run.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy

from .channelwise import planes_each
from .jit import inlined, kernel
from .normal_loops import HALF, SUMS, add_moments, add_products, normalise, spread_gradient
from .streaming import passes_by, settle
from .workers import Workers

Array = Any
RUN = 4096
"""About how many elements of a group of channels stand side by side."""


def forward(workers: Workers, x: Array, mean: Array, var: Array, scale: Array, shift: Array, y: Array, eps: float, slope: float) -> None:
    """mean and var = x's own; y = the ReLU of (x - mean) / sqrt(var + eps) * scale + shift, none with the slope 1. y may be x."""
    leak, each, past = numpy.float32(slope), _group(x), passes_by(y) and y.ctypes.data != x.ctypes.data
    workers.share(x.shape[1], lambda lo, hi, _: _forward(x, mean, var, scale, shift, y, past, eps, leak, each, lo, hi), least=_least(x))


def backward(
    workers: Workers, x: Array, mean: Array, var: Array, scale: Array, y: Array, dy: Array, dx: Array, eps: float, slope: float
) -> tuple[Array, Array]:  # fmt: skip
    """dx, which may be dy; the gradients of scale and shift, (C) and float64."""
    sums, leak, each = numpy.empty((2, x.shape[1])), numpy.float32(slope), _group(x)
    workers.share(x.shape[1], lambda lo, hi, _: _backward(x, mean, var, scale, y, dy, dx, sums, eps, leak, each, lo, hi), least=_least(x))
    return sums[0], sums[1]


def _group(x: Array) -> int:
    return max(1, RUN // x.shape[2])


def _least(x: Array) -> int:
    return max(1, planes_each(x) // x.shape[0])


@kernel
def _forward(
    x: Array, mean: Array, var: Array, scale: Array, shift: Array, y: Array, past: bool, eps: float, slope: Any, each: int, lo: int, hi: int
) -> None:  # fmt: skip
    images, channels, inner = x.shape
    sums = numpy.empty((each, SUMS))
    for first in range(lo, hi, each):
        last = min(first + each, hi)
        sums[:] = 0
        for n in range(images):
            for c in range(first, last):
                add_moments(x[n, c].ctypes.data, inner, next_run(n, images, channels, each) * inner, sums[c - first].ctypes.data)
        for c in range(first, last):
            total, squares = both(sums[c - first])
            mean[c] = total / (images * inner)
            var[c] = max(squares / (images * inner) - (total / (images * inner)) ** 2, 0.0)
        for n in range(images):
            for c in range(first, last):
                factor = numpy.float32(scale[c] / sqrt(var[c] + eps))
                source, target = x[n, c].ctypes.data, y[n, c].ctypes.data
                if past:
                    normalise(1, source, target, inner, 0, mean[c], factor, shift[c], slope)
                else:
                    normalise(0, source, target, inner, channels * inner, mean[c], factor, shift[c], slope)
    if past:
        settle()


@inlined
def next_run(n: int, images: int, channels: int, each: int) -> int:
    """How many planes further on the next run of the first pass stands: in the next image, or the next group of channels."""
    return channels if n < images - 1 else each - n * channels


@inlined
def both(sums: Array) -> tuple[float, float]:
    """Two sums of which there are halves of vectors by turns."""
    first, second = 0.0, 0.0
    for i in range(0, sums.size, 2 * HALF):
        for lane in range(HALF):
            first += sums[i + lane]
            second += sums[i + HALF + lane]
    return first, second


@kernel
def _backward(
    x: Array, mean: Array, var: Array, scale: Array, y: Array, dy: Array, dx: Array, gradients: Array,
    eps: float, slope: Any, each: int, lo: int, hi: int,
) -> None:  # fmt: skip
    images, channels, inner = x.shape
    count, sums = images * inner, numpy.empty((each, SUMS))
    for first in range(lo, hi, each):
        last = min(first + each, hi)
        sums[:] = 0
        for n in range(images):
            for c in range(first, last):
                at, ahead = (x[n, c].ctypes.data, y[n, c].ctypes.data, dy[n, c].ctypes.data), next_run(n, images, channels, each) * inner
                if slope == 1:
                    add_products(0, at[0], at[1], at[2], inner, ahead, mean[c], slope, sums[c - first].ctypes.data)
                else:
                    add_products(1, at[0], at[1], at[2], inner, ahead, mean[c], slope, sums[c - first].ctypes.data)
        for c in range(first, last):
            total, products = both(sums[c - first])
            r = 1 / sqrt(var[c] + eps)
            gradients[0, c], gradients[1, c] = products * r, total
            factor = numpy.float32(scale[c] * r)
            level, steepness = numpy.float32(total / count), numpy.float32(products * r * r / count)
            for n in range(images):
                at, to = (x[n, c].ctypes.data, y[n, c].ctypes.data, dy[n, c].ctypes.data), dx[n, c].ctypes.data
                if slope == 1:
                    spread_gradient(0, at[0], at[1], at[2], to, inner, mean[c], slope, level, steepness, factor)
                else:
                    spread_gradient(1, at[0], at[1], at[2], to, inner, mean[c], slope, level, steepness, factor)
