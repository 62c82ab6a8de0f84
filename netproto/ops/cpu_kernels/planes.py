"""A padded plane laid out flat, its rows a common pitch apart, so that a tap of a convolution is a shift of the whole plane.

Strides cut it into sh * sw phases, the rows and columns that are a stride apart; then a tap is a shift of a phase. What lies between rows
is worked on too and thrown away.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from math import ceil
from typing import Any

import numpy

from ..geometry import ConvGeometry
from .jit import inlined
from .vectors import LANES

Array = Any
Steps = tuple[int, int, int, int]
"""(sh, sw, ph, pw)."""
Flat = tuple[int, int, int, int]
"""(pitch, rows of a phase, elements of a phase, elements before the first one that the largest shift may reach back to)."""


def plan_of(geo: ConvGeometry, out: tuple[int, ...]) -> tuple[Steps, Flat, Array]:
    """How planes lie for a convolution with outputs of this shape.

    Also the taps in the order of their phases: (number of the tap in w, phase, shift within the phase), int64 (3, taps).
    """
    return _cached_plan(geo.kernel, geo.stride, geo.pad, geo.dilation, out)


@cache
def _cached_plan(
    window: tuple[int, ...], stride: tuple[int, ...], pad: tuple[int, ...], dilation: tuple[int, ...], out: tuple[int, ...]
) -> tuple[Steps, Flat, Array]:
    down, across = ((k - 1) * d // s for k, d, s in zip(window, dilation, stride, strict=True))
    pitch, rows = out[1] + across, out[0] + down
    reach = down * pitch + across
    size = ceil((rows * pitch + LANES) / LANES) * LANES
    places = [(i * dilation[0], j * dilation[1]) for i, j in product(range(window[0]), range(window[1]))]
    taps = [(t, i % stride[0] * stride[1] + j % stride[1], i // stride[0] * pitch + j // stride[1]) for t, (i, j) in enumerate(places)]
    taps.sort(key=lambda tap: tap[1])
    return (stride[0], stride[1], pad[0], pad[1]), (pitch, rows, size + reach, reach), numpy.array(taps, "int64").T.copy()


@inlined
def lay_out(x: Array, n: int, c: int, steps: Steps, flat: Flat, planes: Array) -> None:
    """The inside of each phase of a padded plane; what surrounds it is not touched."""
    sh, sw, ph, pw = steps
    for phase in range(sh * sw):
        top, first = phase // sw - ph, phase % sw - pw
        lo, hi = max(0, (sw - 1 - first) // sw), min(flat[0], (x.shape[3] - 1 - first) // sw + 1)
        for row in range(max(0, (sh - 1 - top) // sh), min(flat[1], (x.shape[2] - 1 - top) // sh + 1)):
            copy_row(x, n, c, row * sh + top, first, sw, planes, phase, row * flat[0], lo, hi)


@inlined
def copy_row(x: Array, n: int, c: int, y: int, first: int, step: int, planes: Array, phase: int, start: int, lo: int, hi: int) -> None:
    """The steps 1 and 2 are written out, since constant steps become vectors."""
    if step == 1:
        for i in range(lo, hi):
            planes[phase, numpy.uintp(start + i)] = x[n, c, y, numpy.uintp(i + first)]
    elif step == 2:
        for i in range(lo, hi):
            planes[phase, numpy.uintp(start + i)] = x[n, c, y, numpy.uintp(i * 2 + first)]
    else:
        for i in range(lo, hi):
            planes[phase, numpy.uintp(start + i)] = x[n, c, y, numpy.uintp(i * step + first)]
