"""Pooling, plane by plane: first down the columns of a window's rows, then across, so that both are vectors.

Planes are (count, H, W). `window` is (kernel, stride, pad) of both axes: (kh, kw, sh, sw, ph, pw). Planes lo..hi are worked on.
"""

from __future__ import annotations

from typing import Any

import numpy

from ..reference.pooling import LOWEST
from .jit import inlined, kernel

Array = Any
Window = tuple[int, int, int, int, int, int]


@inlined
def outputs(tap: int, stride: int, pad: int, size: int, out: int) -> tuple[int, int]:
    """The outputs whose window has an element at the offset `tap`."""
    lo = min(out, max(0, (pad - tap + stride - 1) // stride))
    return lo, max(lo, min(out, (size - 1 + pad - tap) // stride + 1))


@inlined
def reach(out: int, kernel: int, stride: int, pad: int, size: int) -> tuple[int, int]:
    """The elements of one output's window."""
    start = out * stride - pad
    return max(0, start), min(size, start + kernel)


@inlined
def length(out: int, kernel: int, stride: int, pad: int, size: int) -> int:
    """How long a window is as far as the padded input goes; 0 or less for one beyond it."""
    start = out * stride - pad
    return min(start + kernel, size + pad) - start


@inlined
def take_larger(best: Array, place: Array, value: Array, index: Array, start: int, stride: int, left: int, right: int) -> None:
    """value[o], index[o] = best, place[start + o * stride] where that is larger, or as large and comes first."""
    for out in range(left, right):
        o, z = numpy.uintp(out), numpy.uintp(start + out * stride)
        larger = (best[z] > value[o]) | ((best[z] == value[o]) & (place[z] < index[o]))
        value[o], index[o] = (best[z] if larger else value[o]), (place[z] if larger else index[o])


@kernel
def max_pool(x: Array, y: Array, mask: Array, window: Window, lo: int, hi: int) -> None:
    """The strides 1 and 2 are written out, since constant steps become vectors."""
    kh, kw, sh, sw, ph, pw = window
    height, width = x.shape[1:]
    best, place = numpy.empty(width, numpy.float32), numpy.empty(width, numpy.int32)
    value, index = numpy.empty(y.shape[2], numpy.float32), numpy.empty(y.shape[2], numpy.int32)
    for plane in range(lo, hi):
        for oy in range(y.shape[1]):
            best[:] = LOWEST
            place[:] = -1
            first, last = reach(oy, kh, sh, ph, height)
            for row in range(first, last):
                for z in range(width):
                    larger = x[plane, row, z] > best[z]
                    best[z] = x[plane, row, z] if larger else best[z]
                    place[z] = row * width + z if larger else place[z]
            value[:] = LOWEST
            index[:] = -1
            for tap in range(kw):
                left, right = outputs(tap, sw, pw, width, y.shape[2])
                if sw == 1:
                    take_larger(best, place, value, index, tap - pw, 1, left, right)
                elif sw == 2:
                    take_larger(best, place, value, index, tap - pw, 2, left, right)
                else:
                    take_larger(best, place, value, index, tap - pw, sw, left, right)
            for ox in range(y.shape[2]):
                y[plane, oy, ox] = value[ox]
                mask[plane, oy, ox] = index[ox]


@kernel
def max_pool_backward(dy: Array, mask: Array, dx: Array, lo: int, hi: int) -> None:
    """dy and mask (planes, outputs), dx (planes, elements)."""
    for plane in range(lo, hi):
        dx[plane] = 0
        for i in range(dy.shape[1]):
            at = mask[plane, i]
            if at >= 0:
                dx[plane, at] += dy[plane, i]


@kernel
def ave_pool_backward(dy: Array, dx: Array, window: Window, lo: int, hi: int) -> None:
    kh, kw, sh, sw, ph, pw = window
    height, width = dx.shape[1:]
    shares, out = numpy.empty(width, numpy.float32), dy.shape[2]
    for plane in range(lo, hi):
        dx[plane] = 0
        for oy in range(dy.shape[1]):
            shares[:] = 0
            rows = length(oy, kh, sh, ph, height)
            for tap in range(kw):
                left, right = outputs(tap, sw, pw, width, out)
                for ox in range(left, right):
                    shares[numpy.uintp(ox * sw - pw + tap)] += dy[plane, oy, ox] / numpy.float32(rows * length(ox, kw, sw, pw, width))
            first, last = reach(oy, kh, sh, ph, height)
            for row in range(first, last):
                for z in range(width):
                    dx[plane, row, z] += shares[z]
