"""How a convolution of blocked maps is cut into bands and filters, and its weights brought into the order in which they are needed."""

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
PER_BYTE = 6
"""Multiply-adds that a core does while a byte comes from memory."""


@dataclass(frozen=True)
class Told:
    """What a step is told of a convolution: numbers, constants, and the field of a workspace with its elements for all workers, if any.

    Not in it: where the maps are, and what becomes of a result.
    """

    numbers: dict[str, int]
    constants: dict[str, Array]
    workspace: dict[str, int]


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
        terms = 1 if self.channelwise else channels if self.source == PLAIN else sum(_runs(channels)) * TERMS
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
        if self.channelwise:
            return numpy.array(shifts, "int64")
        if self.source == PLAIN:
            return numpy.array([c * block + shift for c in range(self.channels) for shift in shifts], "int64")
        runs = enumerate(_runs(self.x[1] // self.groups))
        return numpy.array([b * block + shift + 4 * TERMS * run for b, count in runs for shift in shifts for run in range(count)], "int64")


def plan_of(x: Axes, filters: Axes, geo: ConvGeometry, *, plain: bool, channelwise: bool) -> Plan:
    out = geo.out_shape(x[2:])
    whole = set(geo.kernel) == set(geo.stride) == {1} and not any(geo.pad)
    source = PLAIN if plain else IN_PLACE if whole and not channelwise else COPIED
    if source == IN_PLACE and out[1] < MOST:
        x, out = (*x[:2], 1, prod(out)), (1, prod(out))
    return Plan(x, out, filters, geo, source, channelwise)


def told(plan: Plan, w: Array, workers: int) -> Told:
    """As of blocked_conv.CONV."""
    rows, chunk, by_filters = cut(plan, workers)
    block = plan.copy_block(rows) if plan.is_copied else 0
    copy = block * (1 if plan.channelwise else plan.groups * plan.channels)
    offsets = plan.offsets(rows, block or plan.x_block)
    (sh, sw), (ph, pw), (down, across) = plan.geo.stride, plan.geo.pad, plan.phases
    numbers = plan.numbers | {
        "runs": len(offsets), "w_block": plan.weights_block, "sh": sh, "sw": sw, "ph": ph, "pw": pw, "down": down, "across": across,
        "deep": rows + plan.beyond[0], "pitch": plan.out[1] + plan.beyond[1], "bands": ceil(plan.out[0] / rows), "rows": rows,
        "chunk": chunk, "copy": copy, "copy_block": block, "source": plan.source, "by_filters": by_filters,
    }  # fmt: skip
    copies = {"copies": workers * (1 if plan.channelwise else chunk) * copy // 4} if plan.is_copied else {}
    return Told(numbers, {"w": packed(plan, w), "offsets": offsets}, copies)


def packed(plan: Plan, w: Array) -> Array:
    """w in the order (groups, pairs of blocks, channels and taps as the runs go, blocks of a pair, LANES), flat.

    It is 0 where there is no filter. For channelwise: (blocks, taps, LANES).
    """
    taps = prod(plan.geo.kernel)
    if plan.channelwise:
        lanes = numpy.zeros((plan.channels * LANES, taps), numpy.float32)
        lanes[: len(w)] = w.reshape(len(w), taps)
        return numpy.ascontiguousarray(lanes.reshape(-1, LANES, taps).swapaxes(1, 2)).reshape(-1)
    channels, filters = plan.x[1] // plan.groups, plan.filters[0] // plan.groups
    rows = numpy.zeros((plan.groups, plan.filter_blocks * LANES, channels, taps), numpy.float32)
    rows[:, :filters] = w.reshape(plan.groups, filters, channels, taps)
    if plan.source == PLAIN:
        terms = rows.reshape(plan.groups, plan.filter_blocks, LANES, -1)
    else:
        whole = numpy.zeros((*rows.shape[:2], sum(_runs(channels)) * TERMS, taps), numpy.float32)
        whole[:, :, :channels] = rows
        parts = [whole[:, :, b * LANES : (b + 1) * LANES].swapaxes(2, 3).reshape(*rows.shape[:2], -1) for b in range(plan.channels)]
        terms = numpy.concatenate(parts, axis=2).reshape(plan.groups, plan.filter_blocks, LANES, -1)
    pairs = [terms[:, block : block + 2].transpose(0, 3, 1, 2).reshape(plan.groups, -1) for block in range(0, plan.filter_blocks, 2)]
    return numpy.concatenate(pairs, axis=1).reshape(-1)


def cut(plan: Plan, workers: int) -> tuple[int, int, bool]:
    """(output rows of a band, bands of a chunk, whether workers divide the filters and not the bands)."""
    batch, (down, across) = plan.x[0], plan.out
    if not plan.is_copied:
        rows, size = 1, plan.groups * plan.channels * across * LINE
    else:
        blocks = 1 if plan.channelwise else plan.groups * plan.channels
        row = blocks * prod(plan.phases) * across * plan.pixel
        bands = ceil(down / max(1, BAND // row - plan.beyond[0]))
        while batch * bands % workers and bands < down:
            bands += 1
        rows = ceil(down / bands)
        size = blocks * plan.copy_block(rows)
    chunk = max(1, CHUNK // size)
    total = batch * ceil(down / rows)
    return rows, min(chunk, total), not plan.channelwise and _by_filters(plan, total, chunk, size, workers)


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


def _runs(channels: int) -> list[int]:
    """For each block, how many runs of TERMS channels it has."""
    return [ceil(min(LANES, channels - first) / TERMS) for first in range(0, channels, LANES)]
