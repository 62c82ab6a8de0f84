"""Which of Winograd's algorithms a convolution of blocked maps runs by, and how it is cut."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from ..geometry import Axes
from .blocked_conv import COPIED
from .blocked_plan import PER_BYTE, Plan
from .blocked_tiles import LINE
from .vectors import LANES

OUTPUTS = {3: (4, 5), 5: (4,)}
"""The m that are to be had for each r: those that were best, or nearly so, for the maps of nets that are in use."""
PLANES = 3 * 2**19
"""Bytes of the planes of bottom and top of a chunk of tiles, if these are FEWEST_TILES or more: fewer would read the filters too often."""
FEWEST_TILES = 128
TRANSFORMING = {6: 14, 7: 20, 8: 35}
"""By n, what it costs to transform an element of a tile, in multiply-adds."""


@dataclass(frozen=True)
class ShortPlan:
    """The numbers of a convolution by F(m x m, r x r)."""

    plan: Plan
    m: int

    @property
    def n(self) -> int:
        return self.m + self.plan.geo.kernel[0] - 1

    @property
    def tiles(self) -> Axes:
        """Down, which are bands, and across, of an image."""
        return ceil(self.plan.out[0] / self.m), ceil(self.plan.out[1] / self.m)

    @property
    def multiplying(self) -> int:
        """Multiply-adds for a tile, by all filters."""
        return self.n**2 * self.plan.groups * self.plan.channels * self.plan.filter_blocks * LANES * LANES

    @property
    def reading(self) -> int:
        """What it costs to read all filters, in multiply-adds."""
        return 4 * PER_BYTE * self.multiplying

    def transforming(self, blocks: int) -> int:
        """What it costs to transform a tile of so many blocks of each group, in multiply-adds."""
        return self.n**2 * self.plan.groups * blocks * LANES * TRANSFORMING[self.n]

    def cut(self, workers: int) -> tuple[int, bool]:
        """(bands of a chunk, whether workers divide the filters and not the bands)."""
        plan, (down, across) = self.plan, self.tiles
        bands, pairs = plan.x[0] * down, plan.groups * ceil(plan.filter_blocks / 2)
        blocks = plan.groups * (plan.channels + plan.filter_blocks)
        chunk = max(ceil(FEWEST_TILES / across), PLANES // (self.n**2 * blocks * LINE * across))
        mine, share = ceil(bands / workers), ceil(pairs / workers) / pairs
        bottom, top = (self.transforming(blocks) for blocks in (plan.channels, plan.filter_blocks))
        by_bands = mine * across * (self.multiplying + bottom + top) + self.reading * ceil(mine / chunk)
        by_filters = bands * across * (share * (self.multiplying + top) + bottom) + share * self.reading * ceil(bands / chunk)
        return min(chunk, bands if by_filters < by_bands else mine), by_filters < by_bands


def shortest(plan: Plan) -> ShortPlan | None:
    """The F(m, r) that takes the least time, or None where direct takes less."""
    geo, r = plan.geo, plan.geo.kernel[0]
    odd = {*geo.kernel} != {r} or {*geo.stride, *geo.dilation} != {1} or max(geo.pad) >= r
    if plan.source != COPIED or plan.channelwise or r not in OUTPUTS or odd:
        return None

    def cost(short: ShortPlan) -> float:
        tiles = plan.x[0] * prod(short.tiles)
        return tiles * (short.multiplying + short.transforming(plan.channels + plan.filter_blocks)) + short.reading

    direct = plan.groups * plan.channels * plan.filter_blocks * LANES**2 * r**2 * (plan.x[0] * prod(plan.out) + 4 * PER_BYTE)
    best = min((ShortPlan(plan, m) for m in OUTPUTS[r]), key=cost)
    return best if cost(best) < direct else None
