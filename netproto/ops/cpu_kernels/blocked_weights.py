"""The weights of convolutions of blocked maps, in the order in which tiles need them: 0 where there is no filter or channel."""

from __future__ import annotations

from math import ceil, prod
from typing import Any

import numpy

from .blocked_conv import PLAIN
from .blocked_plan import Plan, runs_of
from .blocked_short_plan import ShortPlan
from .blocked_tiles import TERMS
from .cook_toom import matrix
from .dense import turn
from .vectors import LANES

Array = Any

PIECE = 2048
"""Columns that are transformed at once: with their planes they stay in the cache, which is twice as fast as all at once."""


def ordered(plan: Plan, w: Array) -> Array:
    """w, flat: groups, pairs of blocks of filters, blocks of channels, taps, channels of a block, blocks of a pair, LANES.

    Of a plain map: groups, pairs, channels, taps, blocks of a pair, LANES. Channelwise: blocks, taps, LANES.
    """
    if plan.channelwise:
        return _in_lanes(w).reshape(-1)
    return _joined(_pieces(plan, w, 1 if plan.source == PLAIN else LANES))[0]


def transformed(short: ShortPlan, w: Array) -> Array:
    """(n * n, ...): the filters transformed, each plane in the order of windows of one pixel."""
    g = matrix("G", short.m, short.plan.geo.kernel[0]).astype(numpy.float32)
    factors, taps = numpy.kron(g, g), _joined(_pieces(short.plan, w, LANES, apart=True))
    planes = numpy.empty((len(factors), taps.shape[1]), numpy.float32)
    for i in range(0, taps.shape[1], PIECE):
        numpy.matmul(factors, taps[:, i : i + PIECE], out=planes[:, i : i + PIECE])
    return planes


def _pieces(plan: Plan, w: Array, block: int, *, apart: bool = False) -> list[list[Array]]:
    """For the pairs of filter blocks, and for one that is left over: the channels of whole blocks, and those that are left over.

    Each (1, groups, pairs, ...) or, with the taps apart, (taps, groups, pairs, ...).
    """
    taps, channels = prod(plan.geo.kernel), plan.x[1] // plan.groups
    wide = channels if block == 1 else sum(runs_of(channels)) * TERMS
    even, whole = plan.filter_blocks // 2 * 2, channels // block * block
    rows = _in_lanes(w).reshape(plan.groups, plan.filter_blocks, channels, taps, LANES)
    rest = numpy.zeros((plan.groups, plan.filter_blocks, wide - whole, taps, LANES), numpy.float32)
    rest[:, :, : channels - whole] = rows[:, :, whole:]
    axes = (5, 0, 1, 3, 4, 2, 6) if apart else (0, 1, 3, 5, 4, 2, 6)
    pieces = []
    for first, last, vectors in ((0, even, 2), (even, plan.filter_blocks, 1)):
        here = []
        for part, size in ((rows[:, first:last, :whole], block), (rest[:, first:last], wide - whole)):
            if part.size:
                lanes = part.reshape(plan.groups, -1, vectors, part.shape[2] // size, size, taps, LANES).transpose(axes)
                here.append(lanes.reshape(taps if apart else 1, plan.groups, (last - first) // vectors, -1))
        pieces.append(here)
    return [here for here in pieces if here]


def _in_lanes(w: Array) -> Array:
    """(blocks, what is in a filter, LANES): filters side by side."""
    rows = w.reshape(len(w), -1)
    lanes = numpy.empty((ceil(len(w) / LANES), rows.shape[1], LANES), numpy.float32)
    turn(rows, lanes)
    return lanes


def _joined(pieces: list[list[Array]]) -> Array:
    """(1 or taps, ...)."""
    whole = [numpy.concatenate(here, axis=3) if len(here) > 1 else here[0] for here in pieces]
    flat = [each.reshape(*each.shape[:2], -1) for each in whole]
    joined = numpy.concatenate(flat, axis=2) if len(flat) > 1 else flat[0]
    return joined.reshape(len(joined), -1)
