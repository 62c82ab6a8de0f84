"""The backward passes of pooling, plane by plane, and the arithmetic of windows.

Planes are (count, H, W). `window` is (kernel, stride, pad) of both axes: (kh, kw, sh, sw, ph, pw). Planes lo..hi are worked on.
"""

from __future__ import annotations

from typing import Any

import numpy

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
