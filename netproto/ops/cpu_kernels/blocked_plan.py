"""How a convolution of blocked maps is cut into bands and filters, and where its taps stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import ceil, prod
from typing import Any

import numpy

from ..geometry import Axes, ConvGeometry
from .blocked_conv import COPIED, IN_PLACE, PLAIN
from .blocked_tiles import LINE, MOST, TERMS
from .vectors import LANES, rounded_up

Array = Any

BAND, CHUNK = 2**18, 3 * 2**18
"""The most bytes of the copy of a band, if that is more than a row; and of all that a worker reads for one pair of filter blocks."""
RING = 2**15
"""Bytes of copies that leave room for the rest in the first cache."""
WIDEST = 256
"""Pixels of a row, where rows can be cut at will."""
PER_BYTE = 6
"""Multiply-adds that a core does while a byte comes from memory."""


@dataclass(frozen=True)
class Plan:
    """The numbers of a convolution of x (N, C, H, W) with filters (K, C / groups, kh, kw). channels: blocks, or channels of a plain map."""

    x: Axes
    out: Axes
    filters: Axes
    geo: ConvGeometry
    source: int
    channelwise: bool

    @property
    def groups(self) -> int:
        return 1 if self.channelwise else self.geo.group

    @property
    def channels(self) -> int:
        """In a group."""
        channels = self.x[1] // self.groups
        return channels if self.source == PLAIN else ceil(channels / LANES)

    @property
    def filter_blocks(self) -> int:
        return ceil(self.filters[0] // self.groups / LANES)

    @property
    def is_copied(self) -> bool:
        return self.source != IN_PLACE

    @property
    def weights_block(self) -> int:
        """Bytes from block of filters to block."""
        channels = self.x[1] // self.groups
        terms = 1 if self.channelwise else channels if self.source == PLAIN else sum(runs_of(channels)) * TERMS
        return terms * prod(self.geo.kernel) * LINE

    @property
    def x_block(self) -> int:
        """Bytes from block to block, or from channel to channel."""
        return prod(self.x[2:]) * self.pixel

    @property
    def x_image(self) -> int:
        """Bytes from image to image."""
        return self.x_block * self.groups * self.channels

    @property
    def numbers(self) -> dict[str, int]:
        """What all algorithms are told."""
        (height, width), (out_height, out_width) = self.x[2:], self.out
        return {
            "batch": self.x[0], "groups": self.groups, "channels": self.channels, "filters": self.filter_blocks,
            "height": height, "width": width, "out_height": out_height, "out_width": out_width,
        }  # fmt: skip

    @property
    def pointwise(self) -> Plan:
        """The same with windows of one pixel."""
        geo = ConvGeometry((1, 1), (1, 1), (0, 0), (1, 1), self.groups)
        return Plan(self.x, self.x[2:], (*self.filters[:2], 1, 1), geo, IN_PLACE, False)

    @property
    def pixel(self) -> int:
        """Bytes."""
        return 4 if self.source == PLAIN else LINE

    @property
    def phases(self) -> Axes:
        """Down and across: as many as a window meets."""
        axes = zip(self.geo.stride, self.geo.kernel, self.geo.dilation, strict=True)
        return tuple(min(s, (k - 1) * d + 1) for s, k, d in axes)

    @property
    def beyond(self) -> Axes:
        """How many rows and columns of a phase the window of the last output reaches behind it."""
        axes = zip(self.geo.stride, self.geo.kernel, self.geo.dilation, strict=True)
        return tuple((k - 1) * d // s for s, k, d in axes)

    def copy_block(self, rows: int) -> int:
        """Bytes of a band of so many outputs down, for one block."""
        deep, pitch = rows + self.beyond[0], self.out[1] + self.beyond[1]
        return rounded_up(prod(self.phases) * deep * pitch * self.pixel + (LINE if self.source == PLAIN else 0), LINE)

    @property
    def reach(self) -> int:
        """Rows of x from the first to the last of a window."""
        return (self.geo.kernel[0] - 1) * self.geo.dilation[0] + 1

    def ring(self, rows: int) -> tuple[int, int]:
        """How many rows of a block of x take turns in the first cache, for so many output rows, and their bytes."""
        size = self.phases[1] * (self.out[1] + self.beyond[1]) * LINE
        deep = min(max(self.reach, RING // size), (rows - 1) * self.geo.stride[0] + self.reach)
        return deep, deep * size

    def ring_offsets(self, deep: int) -> Array:
        """Where the tap of each weight stands in a ring of so many rows, in bytes; a row for each place that a window can begin at."""
        (dh, dw), sw = self.geo.dilation, self.geo.stride[1]
        taps = list(product(*map(range, self.geo.kernel)))
        rows = [[j * dw % sw * deep + (start + i * dh) % deep for i, j in taps] for start in range(deep)]
        return (numpy.array(rows, "int64") * (self.out[1] + self.beyond[1]) + numpy.array([j * dw // sw for _, j in taps], "int64")) * LINE

    def taps(self) -> Iterator[tuple[int, int, int]]:
        """(phase, row, column) of each tap."""
        for i, j in product(*map(range, self.geo.kernel)):
            (sh, sw), (dh, dw) = self.geo.stride, self.geo.dilation
            yield i * dh % sh * self.phases[1] + j * dw % sw, i * dh // sh, j * dw // sw

    def offsets(self, rows: int, block: int) -> Array:
        """Where each run of an output begins, in bytes; block: bytes from block to block."""
        deep, pitch = rows + self.beyond[0], self.out[1] + self.beyond[1]
        shifts = [((phase * deep + i) * pitch + j) * self.pixel for phase, i, j in self.taps()]
        if not self.is_copied:
            shifts = [0]
        if self.source == PLAIN:
            return numpy.array([c * block + shift for c in range(self.channels) for shift in shifts], "int64")
        runs = enumerate(runs_of(self.x[1] // self.groups))
        return numpy.array([b * block + shift + 4 * TERMS * run for b, count in runs for shift in shifts for run in range(count)], "int64")


def runs_of(channels: int) -> list[int]:
    """For each block, how many runs of TERMS channels it has."""
    return [ceil(min(LANES, channels - first) / TERMS) for first in range(0, channels, LANES)]


def plan_of(x: Axes, filters: Axes, geo: ConvGeometry, *, plain: bool, channelwise: bool) -> Plan:
    out = geo.out_shape(x[2:])
    whole = set(geo.kernel) == set(geo.stride) == {1} and not any(geo.pad)
    source = PLAIN if plain else IN_PLACE if whole and not channelwise else COPIED
    if source == IN_PLACE:
        out = _in_full_tiles(out)
        x = (*x[:2], *out)
    return Plan(x, out, filters, geo, source, channelwise)


def _in_full_tiles(out: Axes) -> Axes:
    """A map of as many pixels, (rows, columns), whose tiles are as wide as can be."""
    pixels = prod(out)
    widths = [out[1], *(width for width in range(1, WIDEST + 1) if pixels % width == 0)]
    width = max(widths, key=lambda width: width / ceil(width / MOST))
    return pixels // width, width


def cut_rows(plan: Plan, workers: int, *, by_filters: bool) -> int:
    """Output rows of a band of a channelwise convolution: as many bands as it takes for all workers to have as much to do."""
    parts = plan.x[0] * (plan.channels if by_filters else 1)
    bands = next(bands for bands in range(1, workers + 1) if parts * bands % workers == 0)
    return ceil(plan.out[0] / bands)


def cut(plan: Plan, workers: int) -> tuple[int, int, bool]:
    """(output rows of a band, bands of a chunk, whether workers divide the filters and not the bands)."""
    batch, (down, across) = plan.x[0], plan.out
    if not plan.is_copied:
        rows, size = 1, plan.groups * plan.channels * across * LINE
    else:
        blocks = plan.groups * plan.channels
        row = blocks * prod(plan.phases) * across * plan.pixel
        bands = ceil(down / max(1, BAND // row - plan.beyond[0]))
        while batch * bands % workers and bands < down:
            bands += 1
        rows = ceil(down / bands)
        size = blocks * plan.copy_block(rows)
    chunk = max(1, CHUNK // size)
    total = batch * ceil(down / rows)
    return rows, min(chunk, total), _by_filters(plan, total, chunk, size, workers)


def _by_filters(plan: Plan, bands: int, chunk: int, size: int, workers: int) -> bool:
    """Which of the two takes less time, as work and weights that come from memory go."""
    pairs = plan.groups * ceil(plan.filter_blocks / 2)
    weights = plan.groups * plan.filter_blocks * LANES * prod(plan.filters[1:]) * 4
    work = plan.x[0] * prod(plan.out) * weights // 4

    def cost(share: float, weights: float, chunks: int, bands: int) -> float:
        return work * share + (weights * chunks + size * bands) * PER_BYTE

    mine = ceil(bands / workers)
    by_bands = cost(mine / bands, weights, ceil(mine / chunk), mine)
    share = ceil(pairs / workers) / pairs
    return cost(share, weights * share, ceil(bands / chunk), bands) < by_bands
