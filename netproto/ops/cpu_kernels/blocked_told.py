"""What a step is told of a convolution of blocked maps."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from .blocked_plan import Plan, cut, cut_rows
from .blocked_short_plan import ShortPlan
from .blocked_tiles import LINE
from .blocked_weights import ordered, transformed
from .vectors import rounded_up

Array = Any

PAGE = 4096
"""Planes at equal places in their pages would fight for lines of the cache: each begins a line later than the one before."""


@dataclass(frozen=True)
class Told:
    """What a step is told of a convolution: numbers, constants, and the field of a workspace with its elements for all workers, if any.

    Not in it: where the maps are, and what becomes of a result.
    """

    numbers: dict[str, int]
    constants: dict[str, Array]
    workspace: dict[str, int]


def told(plan: Plan, w: Array, workers: int) -> Told:
    """As of blocked_conv.CONV."""
    rows, chunk, by_filters = cut(plan, workers)
    block = plan.copy_block(rows) if plan.is_copied else 0
    copy = block * plan.groups * plan.channels
    offsets = plan.offsets(rows, block or plan.x_block)
    numbers = _windows(plan, rows) | {
        "runs": len(offsets), "deep": rows + plan.beyond[0], "chunk": chunk, "copy": copy, "copy_block": block, "by_filters": by_filters,
    }  # fmt: skip
    copies = {"copies": workers * chunk * copy // 4} if plan.is_copied else {}
    return Told(numbers, {"w": ordered(plan, w), "offsets": offsets}, copies)


def told_channelwise(plan: Plan, w: Array, workers: int, *, by_filters: bool) -> Told:
    """As of blocked_conv.CONV. by_filters: whether workers divided the filters of the layer that made x, and not its bands.

    They do the same here, so that each reads what is in its own cache.
    """
    rows = cut_rows(plan, workers, by_filters=by_filters)
    deep, copy = plan.ring(rows)
    offsets = plan.ring_offsets(deep)
    numbers = _windows(plan, rows) | {
        "runs": offsets.shape[1], "deep": deep, "chunk": 1, "copy": copy, "copy_block": copy, "by_filters": by_filters,
    }  # fmt: skip
    return Told(numbers, {"w": ordered(plan, w), "offsets": offsets}, {"copies": workers * copy // 4})


def _windows(plan: Plan, rows: int) -> dict[str, int]:
    """What bands of so many output rows read."""
    (sh, sw), (ph, pw), (down, across) = plan.geo.stride, plan.geo.pad, plan.phases
    return plan.numbers | {
        "w_block": plan.weights_block, "reach": plan.reach, "sh": sh, "sw": sw, "ph": ph, "pw": pw, "down": down, "across": across,
        "pitch": plan.out[1] + plan.beyond[1], "bands": ceil(plan.out[0] / rows), "rows": rows, "source": plan.source,
    }  # fmt: skip


def told_short(short: ShortPlan, w: Array, workers: int) -> Told:
    """As of blocked_winograd.WINOGRAD."""
    plan, (bands, across), (ph, pw) = short.plan, short.tiles, short.plan.geo.pad
    chunk, by_filters = short.cut(workers)
    rows = chunk * across
    plane = rounded_up(plan.groups * max(plan.channels, plan.filter_blocks) * rows * LINE, PAGE) + LINE
    filters, offsets = transformed(short, w), plan.pointwise.offsets(1, rows * LINE)
    numbers = plan.numbers | {
        "runs": len(offsets), "w_plane": filters[0].nbytes, "w_block": plan.pointwise.weights_block, "ph": ph, "pw": pw,
        "bands": bands, "across": across, "chunk": chunk, "rows": rows, "plane": plane, "by_filters": by_filters,
    }  # fmt: skip
    return Told(numbers, {"w": filters, "offsets": offsets}, {"planes": workers * 2 * short.n**2 * plane // 4})
