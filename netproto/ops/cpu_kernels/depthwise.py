"""Convolution with one channel to a group: row by row, a tap at a time. There is too little to multiply for matrix products.

x (N, C, H, W), w (K, 1, kh, kw), K a multiple of C. `steps` is (sh, sw, ph, pw, dh, dw). The strides 1 and 2 are written out in the inner
loops, since constant steps become vectors.
"""

from __future__ import annotations

from typing import Any

import numpy

from ..geometry import ConvGeometry
from .channelwise import channel_sums
from .jit import inlined, kernel
from .pooling import outputs
from .workers import Room

Array = Any
Steps = tuple[int, int, int, int, int, int]


def forward(ops: Room, x: Array, w: Array, bias: Array | None, y: Array, geo: ConvGeometry) -> None:
    level = bias if bias is not None else ops.scratch("conv.bias", (w.shape[0],))
    if bias is None:
        level.fill(0)
    steps = _steps(geo)
    ops.workers.share(y.shape[0] * y.shape[1], lambda lo, hi, _: _forward(x, w, level, y, steps, lo, hi))


def backward(
    ops: Room, x: Array | None, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, geo: ConvGeometry
) -> None:  # fmt: skip
    steps = _steps(geo)
    if dx is not None:
        ops.workers.share(dx.shape[0] * dx.shape[1], lambda lo, hi, _: _bottom_gradient(w, dy, dx, steps, lo, hi))
    if dw is not None:
        ops.workers.share(dw.shape[0], lambda lo, hi, _: _filters_gradient(x, dy, dw, steps, lo, hi))
    if db is not None:
        db += channel_sums(ops.workers, dy.reshape(*dy.shape[:2], -1))


def _steps(geo: ConvGeometry) -> Steps:
    return geo.stride[0], geo.stride[1], geo.pad[0], geo.pad[1], geo.dilation[0], geo.dilation[1]


@inlined
def add_row(x: Array, n: int, c: int, row: int, shift: int, stride: int, weight: Any, lo: int, hi: int, out: Array) -> None:
    """out[o] += weight * x[n, c, row, o * stride + shift]."""
    for o in range(lo, hi):
        out[numpy.uintp(o)] += weight * x[n, c, row, numpy.uintp(o * stride + shift)]


@inlined
def spread_row(values: Array, stride: int, shift: int, weight: Any, lo: int, hi: int, out: Array) -> None:
    """out[o * stride + shift] += weight * values[o]."""
    for o in range(lo, hi):
        out[numpy.uintp(o * stride + shift)] += weight * values[numpy.uintp(o)]


@inlined
def dot_row(x: Array, n: int, c: int, row: int, shift: int, stride: int, values: Array, lo: int, hi: int) -> Any:
    """The sum of x[n, c, row, o * stride + shift] * values[o]."""
    total = numpy.float32(0)
    for o in range(lo, hi):
        total += x[n, c, row, numpy.uintp(o * stride + shift)] * values[numpy.uintp(o)]
    return total


@kernel
def _forward(x: Array, w: Array, bias: Array, y: Array, steps: Steps, lo: int, hi: int) -> None:
    sh, sw, ph, pw, dh, dw = steps
    made = numpy.empty(y.shape[3], numpy.float32)
    for plane in range(lo, hi):
        n, k = divmod(plane, y.shape[1])
        c = k // (y.shape[1] // x.shape[1])
        for oy in range(y.shape[2]):
            made[:] = bias[k]
            for i in range(w.shape[2]):
                row = oy * sh - ph + i * dh
                if 0 <= row < x.shape[2]:
                    for j in range(w.shape[3]):
                        first, last = outputs(j * dw, sw, pw, x.shape[3], y.shape[3])
                        shift, weight = j * dw - pw, w[k, 0, i, j]
                        if sw == 1:
                            add_row(x, n, c, row, shift, 1, weight, first, last, made)
                        elif sw == 2:
                            add_row(x, n, c, row, shift, 2, weight, first, last, made)
                        else:
                            add_row(x, n, c, row, shift, sw, weight, first, last, made)
            for ox in range(y.shape[3]):
                y[n, k, oy, ox] = made[ox]


@kernel
def _bottom_gradient(w: Array, dy: Array, dx: Array, steps: Steps, lo: int, hi: int) -> None:
    sh, sw, ph, pw, dh, dw = steps
    several = dy.shape[1] // dx.shape[1]
    for plane in range(lo, hi):
        n, c = divmod(plane, dx.shape[1])
        dx[n, c] = 0
        for k in range(c * several, (c + 1) * several):
            for oy in range(dy.shape[2]):
                for i in range(w.shape[2]):
                    row = oy * sh - ph + i * dh
                    if 0 <= row < dx.shape[2]:
                        below, above = dx[n, c, row], dy[n, k, oy]
                        for j in range(w.shape[3]):
                            first, last = outputs(j * dw, sw, pw, dx.shape[3], dy.shape[3])
                            if sw == 1:
                                spread_row(above, 1, j * dw - pw, w[k, 0, i, j], first, last, below)
                            else:
                                spread_row(above, sw, j * dw - pw, w[k, 0, i, j], first, last, below)


@kernel
def _filters_gradient(x: Array, dy: Array, gradient: Array, steps: Steps, lo: int, hi: int) -> None:
    sh, sw, ph, pw, dh, dw = steps
    several = dy.shape[1] // x.shape[1]
    totals = numpy.empty((gradient.shape[2], gradient.shape[3]))
    for k in range(lo, hi):
        totals[:] = 0
        for n in range(x.shape[0]):
            for oy in range(dy.shape[2]):
                above = dy[n, k, oy]
                for i in range(gradient.shape[2]):
                    row = oy * sh - ph + i * dh
                    if 0 <= row < x.shape[2]:
                        for j in range(gradient.shape[3]):
                            first, last = outputs(j * dw, sw, pw, x.shape[3], dy.shape[3])
                            if sw == 1:
                                totals[i, j] += dot_row(x, n, k // several, row, j * dw - pw, 1, above, first, last)
                            elif sw == 2:
                                totals[i, j] += dot_row(x, n, k // several, row, j * dw - pw, 2, above, first, last)
                            else:
                                totals[i, j] += dot_row(x, n, k // several, row, j * dw - pw, sw, above, first, last)
        for i in range(gradient.shape[2]):
            for j in range(gradient.shape[3]):
                gradient[k, 0, i, j] += totals[i, j]
