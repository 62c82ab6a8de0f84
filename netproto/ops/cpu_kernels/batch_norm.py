"""BatchNorm in two passes over memory each way: one for the sums, in float64, one for the result. Arrays (N, C, inner)."""

from __future__ import annotations

from typing import Any

import numpy

from .channelwise import planes_each
from .jit import kernel
from .workers import Workers

Array = Any


def batch_stats(workers: Workers, x: Array, mean: Array, var: Array) -> None:
    """mean and the biased variance of each channel."""
    sums = numpy.empty((*x.shape[:2], 2))
    workers.share(x.shape[0] * x.shape[1], lambda lo, hi, _: _moments(x, sums, lo, hi), least=planes_each(x))
    first, second = sums.sum(axis=0).T / (x.shape[0] * x.shape[2])
    mean[...] = first
    var[...] = numpy.maximum(second - first * first, 0)


def normalise(workers: Workers, x: Array, mean: Array, factor: Array, y: Array) -> None:
    """y = (x - mean) * factor."""
    workers.share(x.shape[0] * x.shape[1], lambda lo, hi, _: _normalise(x, mean, factor, y, lo, hi), least=planes_each(x))


def batch_norm_backward(workers: Workers, x: Array, mean: Array, factor: Array, dy: Array, dx: Array) -> None:
    """dx = (dy - mean(dy) - y * mean(dy * y)) * factor, y = (x - mean) * factor. dx may be dy."""
    planes, least = x.shape[0] * x.shape[1], planes_each(x)
    sums = numpy.empty((*x.shape[:2], 2))
    workers.share(planes, lambda lo, hi, _: _gradient_sums(x, mean, dy, sums, lo, hi), least=least)
    level, slope = (sums.sum(axis=0) / (x.shape[0] * x.shape[2])).T
    level, slope = level.astype(dy.dtype), (slope * factor * factor).astype(dy.dtype)
    workers.share(planes, lambda lo, hi, _: _gradient(x, mean, factor, dy, dx, level, slope, lo, hi), least=least)


@kernel
def _moments(x: Array, sums: Array, lo: int, hi: int) -> None:
    for plane in range(lo, hi):
        n, c = plane // x.shape[1], plane % x.shape[1]
        first, second = 0.0, 0.0
        for i in range(x.shape[2]):
            value = numpy.float64(x[n, c, i])
            first += value
            second += value * value
        sums[n, c, 0] = first
        sums[n, c, 1] = second


@kernel
def _normalise(x: Array, mean: Array, factor: Array, y: Array, lo: int, hi: int) -> None:
    for plane in range(lo, hi):
        n, c = plane // x.shape[1], plane % x.shape[1]
        m, f = mean[c], factor[c]
        for i in range(x.shape[2]):
            y[n, c, i] = (x[n, c, i] - m) * f


@kernel
def _gradient_sums(x: Array, mean: Array, dy: Array, sums: Array, lo: int, hi: int) -> None:
    for plane in range(lo, hi):
        n, c = plane // x.shape[1], plane % x.shape[1]
        m, total, product = mean[c], 0.0, 0.0
        for i in range(x.shape[2]):
            g = numpy.float64(dy[n, c, i])
            total += g
            product += g * numpy.float64(x[n, c, i] - m)
        sums[n, c, 0] = total
        sums[n, c, 1] = product


@kernel
def _gradient(x: Array, mean: Array, factor: Array, dy: Array, dx: Array, level: Array, slope: Array, lo: int, hi: int) -> None:
    for plane in range(lo, hi):
        n, c = plane // x.shape[1], plane % x.shape[1]
        m, f, a, b = mean[c], factor[c], level[c], slope[c]
        for i in range(x.shape[2]):
            dx[n, c, i] = (dy[n, c, i] - a - (x[n, c, i] - m) * b) * f
