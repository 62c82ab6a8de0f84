"""BatchNorm with the Scale and the ReLU behind it, channel by channel, so that all that is read twice is read from the cache.

Arrays (N, C, inner). Sums are formed in float64, in the same order for any number of workers. A group of channels is what is worked on at
once, since the planes of small maps are short.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy

from .channelwise import planes_each
from .jit import inlined, kernel
from .workers import Workers

Array = Any
RUN = 4096
"""About how many elements of a group of channels stand side by side."""


def forward(workers: Workers, x: Array, mean: Array, var: Array, scale: Array, shift: Array, y: Array, eps: float, slope: float) -> None:
    """mean and var = x's own; y = the ReLU of (x - mean) / sqrt(var + eps) * scale + shift, none with the slope 1. y may be x."""
    leak, each = numpy.float32(slope), _group(x)
    workers.share(x.shape[1], lambda lo, hi, _: _forward(x, mean, var, scale, shift, y, eps, leak, each, lo, hi), least=_least(x))


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
    x: Array, mean: Array, var: Array, scale: Array, shift: Array, y: Array, eps: float, slope: Any, each: int, lo: int, hi: int
) -> None:  # fmt: skip
    count, sums = x.shape[0] * x.shape[2], numpy.empty((each, 2))
    for first in range(lo, hi, each):
        last = min(first + each, hi)
        sums[:] = 0
        for n in range(x.shape[0]):
            for c in range(first, last):
                total, squares = 0.0, 0.0
                for i in range(x.shape[2]):
                    value = numpy.float64(x[n, c, i])
                    total += value
                    squares += value * value
                sums[c - first, 0] += total
                sums[c - first, 1] += squares
        for c in range(first, last):
            centre = sums[c - first, 0] / count
            mean[c] = centre
            var[c] = max(sums[c - first, 1] / count - centre * centre, 0.0)
        for n in range(x.shape[0]):
            for c in range(first, last):
                m, f, b = mean[c], numpy.float32(scale[c] / sqrt(var[c] + eps)), shift[c]
                if slope == 1:
                    for i in range(x.shape[2]):
                        y[n, c, i] = (x[n, c, i] - m) * f + b
                else:
                    for i in range(x.shape[2]):
                        y[n, c, i] = ramp((x[n, c, i] - m) * f + b, slope)


@inlined
def ramp(value: Any, slope: Any) -> Any:
    """The ReLU; a slope of 0 gives 0 for -Inf too."""
    return (numpy.float32(0) if slope == 0 else value * slope) if value <= 0 else value


@inlined
def passed(dy: Any, y: Any, slope: Any) -> Any:
    """What a ReLU lets through of a gradient."""
    return dy if y > 0 else (numpy.float32(0) if slope == 0 else dy * slope)


@kernel
def _backward(
    x: Array, mean: Array, var: Array, scale: Array, y: Array, dy: Array, dx: Array, gradients: Array,
    eps: float, slope: Any, each: int, lo: int, hi: int,
) -> None:  # fmt: skip
    count, sums = x.shape[0] * x.shape[2], numpy.empty((each, 2))
    for first in range(lo, hi, each):
        last = min(first + each, hi)
        sums[:] = 0
        for n in range(x.shape[0]):
            for c in range(first, last):
                m, total, products = mean[c], 0.0, 0.0
                if slope == 1:
                    for i in range(x.shape[2]):
                        g = dy[n, c, i]
                        total += numpy.float64(g)
                        products += numpy.float64(g) * numpy.float64(x[n, c, i] - m)
                else:
                    for i in range(x.shape[2]):
                        g = passed(dy[n, c, i], y[n, c, i], slope)
                        total += numpy.float64(g)
                        products += numpy.float64(g) * numpy.float64(x[n, c, i] - m)
                sums[c - first, 0] += total
                sums[c - first, 1] += products
        for n in range(x.shape[0]):
            for c in range(first, last):
                total, products, r = sums[c - first, 0], sums[c - first, 1], 1 / sqrt(var[c] + eps)
                gradients[0, c], gradients[1, c] = products * r, total
                m, f = mean[c], numpy.float32(scale[c] * r)
                level, steepness = numpy.float32(total / count), numpy.float32(products * r * r / count)
                if slope == 1:
                    for i in range(x.shape[2]):
                        dx[n, c, i] = (dy[n, c, i] - level - (x[n, c, i] - m) * steepness) * f
                else:
                    for i in range(x.shape[2]):
                        g = passed(dy[n, c, i], y[n, c, i], slope)
                        dx[n, c, i] = (g - level - (x[n, c, i] - m) * steepness) * f
