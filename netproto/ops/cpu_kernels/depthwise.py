"""Convolution with one channel to a group. There is too little to multiply for matrix products, so each plane is worked on in the cache.

x (N, C, H, W), w (K, 1, kh, kw), K a multiple of C. Planes are laid out as planes.py says; each tap is a shift of a whole phase (taps.py).
"""

from __future__ import annotations

from typing import Any

import numpy

from ..geometry import ConvGeometry
from .channelwise import channel_sums
from .finish import PLAIN, Ending, beside, finish_lanes
from .jit import inlined, kernel
from .planes import Flat, Steps, lay_out, plan_of
from .taps import correlate, correlate_gradient
from .vectors import LANES
from .workers import Room, bias_or_zeros

Array = Any


def forward(
    ops: Room, x: Array, w: Array, bias: Array | None, y: Array, geo: ConvGeometry, finish: Ending = PLAIN
) -> None:  # fmt: skip
    """y may have more channels than there are filters: the first ones are written."""
    level = bias_or_zeros(ops, bias, w.shape[0])
    steps, flat, taps = plan_of(geo, y.shape[2:])
    planes, made = _planes(ops, steps, flat), ops.scratch("depthwise.made", (ops.workers.count, flat[2]))

    def task(lo: int, hi: int, worker: int) -> None:
        _forward(x, w, level, y, steps, flat, taps, planes[worker], made[worker], finish, lo, hi)

    ops.workers.share(x.shape[0] * x.shape[1], task)


def backward(
    ops: Room, x: Array | None, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, geo: ConvGeometry
) -> None:  # fmt: skip
    steps, flat, taps = plan_of(geo, dy.shape[2:])
    above = ops.scratch("depthwise.above", (ops.workers.count, flat[3] + flat[2]))
    if dx is not None:
        made = ops.scratch("depthwise.made", (ops.workers.count, flat[2]))

        def bottom(lo: int, hi: int, worker: int) -> None:
            _bottom_gradient(w, dy, dx, steps, flat, taps, above[worker], made[worker], lo, hi)

        ops.workers.share(dx.shape[0] * dx.shape[1], bottom)
    if dw is not None:
        planes = _planes(ops, steps, flat)

        def filters(lo: int, hi: int, worker: int) -> None:
            _filters_gradient(x, dy, dw, steps, flat, taps, planes[worker], above[worker], lo, hi)

        ops.workers.share(geo.group, filters)
    if db is not None:
        db += channel_sums(ops.workers, dy.reshape(*dy.shape[:2], -1))


def _planes(ops: Room, steps: Steps, flat: Flat) -> Array:
    return ops.scratch("depthwise.planes", (ops.workers.count, steps[0] * steps[1], flat[2]))


@inlined
def lay_out_top(dy: Array, n: int, k: int, flat: Flat, above: Array) -> None:
    """The rows of a top's plane, as far apart as those of the phases; what lies between them is not touched."""
    for row in range(dy.shape[2]):
        start = flat[3] + row * flat[0]
        for i in range(dy.shape[3]):
            above[numpy.uintp(start + i)] = dy[n, k, row, numpy.uintp(i)]


@kernel
def _forward(
    x: Array, w: Array, bias: Array, y: Array, steps: Steps, flat: Flat, taps: Array, planes: Array, made: Array, finish: Ending,
    lo: int, hi: int,
) -> None:  # fmt: skip
    several, count, nothing = w.shape[0] // x.shape[1], taps.shape[1], numpy.float32(0)
    shifts, weights, filters = taps[1] * flat[2] + taps[2], numpy.empty(count, numpy.float32), w.reshape(w.shape[0], -1)
    planes[:] = 0
    for plane in range(lo, hi):
        n, c = divmod(plane, x.shape[1])
        lay_out(x, n, c, steps, flat, planes)
        for k in range(c * several, (c + 1) * several):
            for t in range(count):
                weights[t] = filters[k, taps[0, t]]
            elements = y.shape[2] * flat[0]
            correlate(count, planes.ctypes.data, shifts.ctypes.data, weights.ctypes.data, elements, made.ctypes.data, bias[k], False)
            for row in range(y.shape[2]):
                for i in range(0, y.shape[3], LANES):
                    target = y.ctypes.data + 4 * (((n * y.shape[1] + k) * y.shape[2] + row) * y.shape[3] + i)
                    source, last = made.ctypes.data + 4 * (row * flat[0] + i), y.shape[3] - i
                    finish_lanes(source, 0, last, nothing, beside(target, finish), finish[1], target)


@kernel
def _bottom_gradient(
    w: Array, dy: Array, dx: Array, steps: Steps, flat: Flat, taps: Array, above: Array, made: Array, lo: int, hi: int
) -> None:
    several, count, zero = dy.shape[1] // dx.shape[1], taps.shape[1], numpy.float32(0)
    shifts, weights, filters = -taps[2], numpy.empty(count, numpy.float32), w.reshape(w.shape[0], -1)
    above[:] = 0
    source = above.ctypes.data + 4 * flat[3]
    for plane in range(lo, hi):
        n, c = divmod(plane, dx.shape[1])
        dx[n, c] = 0
        for k in range(c * several, (c + 1) * several):
            lay_out_top(dy, n, k, flat, above)
            for t in range(count):
                weights[t] = filters[k, taps[0, t]]
            first = 0
            for last in range(1, count + 1):
                if last == count or taps[1, last] != taps[1, first]:
                    correlate(
                        last - first, source, shifts.ctypes.data + 8 * first, weights.ctypes.data + 4 * first,
                        flat[1] * flat[0], made.ctypes.data, zero, False,
                    )  # fmt: skip
                    add_phase(made, taps[1, first], steps, flat, dx, n, c)
                    first = last


@inlined
def add_phase(made: Array, phase: int, steps: Steps, flat: Flat, dx: Array, n: int, c: int) -> None:
    """dx += one phase of the padded plane. The steps 1 and 2 are written out."""
    sh, sw, ph, pw = steps
    first = phase % sw - pw
    lo, hi = max(0, (sw - 1 - first) // sw), min(flat[0], (dx.shape[3] - 1 - first) // sw + 1)
    for row in range(flat[1]):
        y, start = row * sh + phase // sw - ph, row * flat[0]
        if 0 <= y < dx.shape[2]:
            if sw == 1:
                for i in range(lo, hi):
                    dx[n, c, y, numpy.uintp(i + first)] += made[numpy.uintp(start + i)]
            elif sw == 2:
                for i in range(lo, hi):
                    dx[n, c, y, numpy.uintp(i * 2 + first)] += made[numpy.uintp(start + i)]
            else:
                for i in range(lo, hi):
                    dx[n, c, y, numpy.uintp(i * sw + first)] += made[numpy.uintp(start + i)]


@kernel
def _filters_gradient(
    x: Array, dy: Array, dw: Array, steps: Steps, flat: Flat, taps: Array, planes: Array, above: Array, lo: int, hi: int
) -> None:
    """The sums are taken in float32 over a plane, lane by lane, and in float64 over the planes."""
    several, count = dy.shape[1] // x.shape[1], taps.shape[1]
    shifts = taps[1] * flat[2] + taps[2]
    sums, totals = numpy.empty((count, LANES), numpy.float32), numpy.empty((several, count, LANES))
    planes[:] = 0
    above[:] = 0
    for c in range(lo, hi):
        totals[:] = 0
        for n in range(x.shape[0]):
            lay_out(x, n, c, steps, flat, planes)
            for s in range(several):
                lay_out_top(dy, n, c * several + s, flat, above)
                correlate_gradient(
                    count, planes.ctypes.data, shifts.ctypes.data, above.ctypes.data + 4 * flat[3], dy.shape[2] * flat[0], sums.ctypes.data
                )
                totals[s] += sums
        for s in range(several):
            for t in range(count):
                dw[c * several + s, 0, taps[0, t] // dw.shape[3], taps[0, t] % dw.shape[3]] += totals[s, t].sum()
