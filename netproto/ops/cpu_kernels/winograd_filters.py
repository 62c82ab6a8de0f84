"""The transforms of the filters of F(m x m, r x r), in float64: they are few, and their rounding errors would reach every output.

Planes are blocked for products.py. Forward, lanes are filters: u[xi] is (channels, filters). Backward, lanes are channels: u[xi] is
(filters, channels), and so is its gradient. Groups follow each other; each has its blocks to itself, filled up with zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy

from .cook_toom import matrix
from .jit import inlined, kernel
from .vectors import LANES

Array = Any


@inlined
def transform(matrix: Array, src: Array, tmp: Array, dst: Array) -> None:
    """dst = matrix src matrix' in every lane; flat src (n, n, LANES), tmp (o, n, LANES), dst (o, o, LANES); the matrix is a constant."""
    o, n = matrix.shape
    for j in range(n):
        for p in range(LANES):
            for i in range(o):
                total = 0.0
                for q in range(n):
                    total += matrix[i, q] * src[(q * n + j) * LANES + p]
                tmp[(i * n + j) * LANES + p] = total
    for i in range(o):
        for p in range(LANES):
            for j in range(o):
                total = 0.0
                for q in range(n):
                    total += matrix[j, q] * tmp[(i * n + q) * LANES + p]
                dst[(i * o + j) * LANES + p] = total


@inlined
def tap(channel: int, i: int, j: int, stride: int) -> tuple[int, int, int]:
    """The channel, row and column of a strided filter that are channel `channel`, row i, column j of the one of stride 1."""
    c, phase = divmod(channel, stride * stride)
    return c, i * stride + phase // stride, j * stride + phase % stride


@cache
def forward_filters(m: int, r: int) -> Callable[..., None]:
    g = matrix("G", m, r)
    n = m + r - 1

    @kernel
    def filters(w, u, lo, hi, groups, channels, shared, stride):  # type: ignore[no-untyped-def]
        """u = G w G' for filter blocks lo..hi; `shared` channels of a group, zeros included."""
        group_filters = w.shape[0] // groups
        blocks = (group_filters + LANES - 1) // LANES
        src, tmp, dst = numpy.zeros(r * r * LANES), numpy.empty(n * r * LANES), numpy.empty(n * n * LANES)
        for block in range(lo, hi):
            start = block % blocks * LANES
            lanes = min(LANES, group_filters - start)
            for channel in range(shared):
                src[:] = 0
                if channel < channels:
                    for i in range(r):
                        for j in range(r):
                            c, y, x = tap(channel, i, j, stride)
                            if y < w.shape[2] and x < w.shape[3]:
                                for lane in range(lanes):
                                    src[(i * r + j) * LANES + lane] = w[block // blocks * group_filters + start + lane, c, y, x]
                transform(g, src, tmp, dst)
                for xi in range(n * n):
                    for lane in range(LANES):
                        u[xi, numpy.uintp((block * shared + channel) * LANES + lane)] = dst[xi * LANES + lane]

    return filters


@cache
def backward_filters(m: int, r: int) -> Callable[..., None]:
    g = matrix("G", m, r)
    n = m + r - 1

    @kernel
    def filters(w, u, lo, hi, groups, channels, shared):  # type: ignore[no-untyped-def]
        """u = G w G' for channel blocks lo..hi, stride 1; `shared` filters of a group, zeros included."""
        group_filters = w.shape[0] // groups
        blocks = (channels + LANES - 1) // LANES
        src, tmp, dst = numpy.zeros(r * r * LANES), numpy.empty(n * r * LANES), numpy.empty(n * n * LANES)
        for block in range(lo, hi):
            start = block % blocks * LANES
            lanes = min(LANES, channels - start)
            for k in range(shared):
                src[:] = 0
                if k < group_filters:
                    for lane in range(lanes):
                        for i in range(r):
                            for j in range(r):
                                src[(i * r + j) * LANES + lane] = w[block // blocks * group_filters + k, start + lane, i, j]
                transform(g, src, tmp, dst)
                for xi in range(n * n):
                    for lane in range(LANES):
                        u[xi, numpy.uintp((block * shared + k) * LANES + lane)] = dst[xi * LANES + lane]

    return filters


@cache
def filters_gradient(m: int, r: int) -> Callable[..., None]:
    g = matrix("G'", m, r)
    n = m + r - 1

    @kernel
    def gradient(du, dw, lo, hi, groups, channels, shared, stride):  # type: ignore[no-untyped-def]
        """dw += G' du G for channel blocks lo..hi; `shared` filters of a group, zeros included."""
        group_filters = dw.shape[0] // groups
        blocks = (channels + LANES - 1) // LANES
        src, tmp, dst = numpy.zeros(n * n * LANES), numpy.empty(r * n * LANES), numpy.empty(r * r * LANES)
        for block in range(lo, hi):
            start = block % blocks * LANES
            for k in range(group_filters):
                for xi in range(n * n):
                    for lane in range(LANES):
                        src[xi * LANES + lane] = du[xi, numpy.uintp((block * shared + k) * LANES + lane)]
                transform(g, src, tmp, dst)
                for lane in range(min(LANES, channels - start)):
                    for i in range(r):
                        for j in range(r):
                            c, y, x = tap(start + lane, i, j, stride)
                            if y < dw.shape[2] and x < dw.shape[3]:
                                dw[block // blocks * group_filters + k, c, y, x] += dst[(i * r + j) * LANES + lane]

    return gradient
