"""The transforms of the filters of F(m x m, r x r), LANES filters or channels at a time.

Planes are blocked for products.py. Forward, lanes are filters: u[xi] is (channels, filters). Backward, lanes are channels: u[xi] is
(filters, channels), and so is its gradient. Groups follow each other; each has its blocks to itself, filled up with zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy

from .jit import inlined, kernel
from .prefetch import read_line, write_line
from .transpose import gather, scatter
from .vectors import LANES, combine

Array = Any
BYTES = 4
SOON = 8
"""How many rows of planes later those are worked on whose lines are asked for."""
VECTOR = LANES * BYTES


@inlined
def read_filters(w: Array, k: int, c: int, step: int, lanes: int, taps: Array) -> None:
    """taps[i, lane] = element i of the kernel at w[k, c], step elements further for each lane; zero from `lanes` on."""
    count = w.shape[2] * w.shape[3]
    source = w.ctypes.data + (k * w.shape[1] + c) * count * BYTES
    for i in range(0, count, LANES):
        gather(1, source + i * BYTES, step, 0, lanes, 0, 1, 0, count - i, taps.ctypes.data + i * VECTOR)


@inlined
def filter_planes(m: int, r: int, taps: Array, columns: Array, u: Array, row: int) -> None:
    """u[:, row * LANES :] = G taps G'; taps (r * r, LANES), columns (n * r, LANES)."""
    n = m + r - 1
    for j in range(r):
        at = j * VECTOR
        combine("G", m, r, 0, taps.ctypes.data + at, r * LANES, columns.ctypes.data + at, r * LANES)
    for i in range(n):
        target = u.ctypes.data + (i * n * u.shape[1] + row * LANES) * BYTES
        combine("G", m, r, 0, columns.ctypes.data + i * r * VECTOR, LANES, target, u.shape[1])
        for j in range(n):
            write_line(target + SOON * VECTOR + j * u.shape[1] * BYTES)


@cache
def forward_filters(m: int, r: int) -> Callable[..., None]:
    n = m + r - 1

    @kernel
    def filters(w, u, lo, hi, groups, channels, shared, stride):  # type: ignore[no-untyped-def]
        """u = G w G' for filter blocks lo..hi; `shared` channels of a group, zeros included."""
        group_filters, step = w.shape[0] // groups, w.shape[1] * w.shape[2] * w.shape[3]
        blocks = (group_filters + LANES - 1) // LANES
        taps = numpy.zeros((w.shape[2] * w.shape[3] + LANES, LANES), numpy.float32)
        phase, columns = numpy.zeros((r * r, LANES), numpy.float32), numpy.empty((n * r, LANES), numpy.float32)
        for block in range(lo, hi):
            start = block % blocks * LANES
            lanes = min(LANES, group_filters - start)
            for channel in range(shared):
                c, offset = divmod(channel, stride * stride)
                if offset == 0:
                    read_filters(w, block // blocks * group_filters + start, c, step, lanes if channel < channels else 0, taps)
                if stride > 1:
                    take_phase(taps, w.shape[2], w.shape[3], offset // stride, offset % stride, stride, r, phase)
                filter_planes(m, r, taps if stride == 1 else phase, columns, u, block * shared + channel)

    return filters


@inlined
def take_phase(taps: Array, height: int, width: int, top: int, left: int, stride: int, r: int, phase: Array) -> None:
    """phase = the taps of a strided filter that are a channel's of the one of stride 1, zero where the filter ends."""
    for i in range(r):
        for j in range(r):
            y, x = i * stride + top, j * stride + left
            for lane in range(LANES):
                phase[i * r + j, lane] = taps[y * width + x, lane] if y < height and x < width else 0


@cache
def backward_filters(m: int, r: int) -> Callable[..., None]:
    n = m + r - 1

    @kernel
    def filters(w, u, lo, hi, groups, channels, shared):  # type: ignore[no-untyped-def]
        """u = G w G' for channel blocks lo..hi, stride 1; `shared` filters of a group, zeros included."""
        group_filters = w.shape[0] // groups
        blocks = (channels + LANES - 1) // LANES
        taps = numpy.zeros((r * r + LANES, LANES), numpy.float32)
        columns = numpy.empty((n * r, LANES), numpy.float32)
        for block in range(lo, hi):
            start = block % blocks * LANES
            lanes = min(LANES, channels - start)
            for k in range(shared):
                read_filters(w, block // blocks * group_filters + k, start, r * r, lanes if k < group_filters else 0, taps)
                filter_planes(m, r, taps, columns, u, block * shared + k)

    return filters


@cache
def filters_gradient(m: int, r: int) -> Callable[..., None]:
    n = m + r - 1

    @kernel
    def gradient(du, dw, lo, hi, groups, channels, shared, stride):  # type: ignore[no-untyped-def]
        """dw += G' du G for channel blocks lo..hi; `shared` filters of a group, zeros included."""
        group_filters, count = dw.shape[0] // groups, dw.shape[2] * dw.shape[3]
        blocks = (channels + LANES - 1) // LANES
        columns, taps = numpy.empty((r * n, LANES), numpy.float32), numpy.zeros((r * r + LANES, LANES), numpy.float32)
        for block in range(lo, hi):
            start = block % blocks * LANES
            lanes = min(LANES, channels - start)
            for k in range(group_filters):
                source, filter_ = du.ctypes.data + (block * shared + k) * VECTOR, block // blocks * group_filters + k
                for j in range(n):
                    at = j * du.shape[1] * BYTES
                    combine("G'", m, r, 0, source + at, n * du.shape[1], columns.ctypes.data + j * VECTOR, n * LANES)
                    for i in range(n):
                        read_line(source + at + SOON * VECTOR + i * n * du.shape[1] * BYTES)
                for i in range(r):
                    combine("G'", m, r, 0, columns.ctypes.data + i * n * VECTOR, LANES, taps.ctypes.data + i * r * VECTOR, LANES)
                if stride == 1:
                    target = dw.ctypes.data + (filter_ * dw.shape[1] + start) * count * BYTES
                    for i in range(0, count, LANES):
                        scatter(1, taps.ctypes.data + i * VECTOR, 0, target + i * BYTES, count, lanes, count - i)
                else:
                    add_phases(taps, dw, filter_, start, lanes, stride, r)

    return gradient


@inlined
def add_phases(taps: Array, dw: Array, k: int, start: int, lanes: int, stride: int, r: int) -> None:
    """The gradient of channels start.. of stride 1 to the taps of the strided filter that they are."""
    for lane in range(lanes):
        c, phase = divmod(start + lane, stride * stride)
        for i in range(r):
            for j in range(r):
                y, x = i * stride + phase // stride, j * stride + phase % stride
                if y < dw.shape[2] and x < dw.shape[3]:
                    dw[k, c, y, x] += taps[i * r + j, lane]
