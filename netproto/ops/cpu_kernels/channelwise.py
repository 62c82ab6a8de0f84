"""Scale, Bias and PReLU in one pass over memory: arrays (outer, D, inner), whose planes (outer * D, inner) are the workers' items.

Sums are formed plane by plane, in float64, and added up in the order of the planes: the same bits for any number of workers.
"""

from __future__ import annotations

from typing import Any

import numpy

from .jit import kernel
from .workers import Workers

Array = Any

LEAST = 1 << 15
"""The fewest elements that are worth waking a worker for."""


def planes_each(x: Array) -> int:
    """The fewest planes that are worth waking a worker for."""
    return max(1, LEAST // max(1, x.shape[2]))


def scale(workers: Workers, x: Array, factor: Array, bias: Array, y: Array) -> None:
    """y = x * factor + bias."""
    workers.share(x.shape[0] * x.shape[1], lambda lo, hi, _: _scale(x, factor, bias, y, lo, hi), least=planes_each(x))


def scale_backward(workers: Workers, x: Array, factor: Array, dy: Array, dx: Array) -> tuple[Array, Array]:
    """dx = dy * factor; the sums of dy * x and of dy for each channel, (D) and float64. dx may be dy."""
    sums = numpy.empty((*x.shape[:2], 2))
    workers.share(x.shape[0] * x.shape[1], lambda lo, hi, _: _scale_backward(x, factor, dy, dx, sums, lo, hi), least=planes_each(x))
    total = sums.sum(axis=0)
    return total[:, 0], total[:, 1]


def channel_sums(workers: Workers, x: Array) -> Array:
    """The sum of each channel, (D) and float64."""
    sums = numpy.empty(x.shape[:2])
    workers.share(x.shape[0] * x.shape[1], lambda lo, hi, _: _sums(x, sums, lo, hi), least=planes_each(x))
    return sums.sum(axis=0)


def prelu(workers: Workers, x: Array, slope: Array, y: Array) -> None:
    """y = x where x > 0, else slope * x."""
    workers.share(x.shape[0] * x.shape[1], lambda lo, hi, _: _prelu(x, slope, y, lo, hi), least=planes_each(x))


def prelu_backward(workers: Workers, x: Array, slope: Array, dy: Array, dx: Array) -> Array:
    """dx = dy where x > 0, else slope * dy; the sum of dy * x where x <= 0 for each channel, (D) and float64. dx may be dy."""
    sums = numpy.empty(x.shape[:2])
    workers.share(x.shape[0] * x.shape[1], lambda lo, hi, _: _prelu_backward(x, slope, dy, dx, sums, lo, hi), least=planes_each(x))
    return sums.sum(axis=0)


@kernel
def _scale(x: Array, factor: Array, bias: Array, y: Array, lo: int, hi: int) -> None:
    for plane in range(lo, hi):
        n, d = plane // x.shape[1], plane % x.shape[1]
        f, b = factor[d], bias[d]
        for i in range(x.shape[2]):
            y[n, d, i] = x[n, d, i] * f + b


@kernel
def _scale_backward(x: Array, factor: Array, dy: Array, dx: Array, sums: Array, lo: int, hi: int) -> None:
    for plane in range(lo, hi):
        n, d = plane // x.shape[1], plane % x.shape[1]
        f, product, total = factor[d], 0.0, 0.0
        for i in range(x.shape[2]):
            g = dy[n, d, i]
            product += numpy.float64(g) * numpy.float64(x[n, d, i])
            total += numpy.float64(g)
            dx[n, d, i] = g * f
        sums[n, d, 0] = product
        sums[n, d, 1] = total


@kernel
def _sums(x: Array, sums: Array, lo: int, hi: int) -> None:
    for plane in range(lo, hi):
        n, d = plane // x.shape[1], plane % x.shape[1]
        total = 0.0
        for i in range(x.shape[2]):
            total += numpy.float64(x[n, d, i])
        sums[n, d] = total


@kernel
def _prelu(x: Array, slope: Array, y: Array, lo: int, hi: int) -> None:
    for plane in range(lo, hi):
        n, d = plane // x.shape[1], plane % x.shape[1]
        s = slope[d]
        for i in range(x.shape[2]):
            value = x[n, d, i]
            y[n, d, i] = value if value > 0 else value * s


@kernel
def _prelu_backward(x: Array, slope: Array, dy: Array, dx: Array, sums: Array, lo: int, hi: int) -> None:
    for plane in range(lo, hi):
        n, d = plane // x.shape[1], plane % x.shape[1]
        s, total = slope[d], 0.0
        for i in range(x.shape[2]):
            value, g = x[n, d, i], dy[n, d, i]
            total += numpy.float64(g) * numpy.float64(min(value, numpy.float32(0)))
            dx[n, d, i] = g if value > 0 else g * s
        sums[n, d] = total
