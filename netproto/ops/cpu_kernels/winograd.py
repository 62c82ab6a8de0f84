"""Convolution by Winograd's short algorithms: transforms, n * n matrix products, transforms back.

Forward, a worker takes a share of the tiles, or of the filters where tiles are few, and goes through it in chunks whose planes stay in its
own second-level cache. Backward, the filters' gradient is a sum over all tiles: the workers divide the channels for the transforms of a
chunk and the planes for its products, so that no sum crosses workers. Either way the result is the same, bit for bit, for any number of
workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

from ..geometry import ConvGeometry
from .finish import PLAIN, Ending
from .vectors import LANES, ROWS
from .winograd_filters import backward_filters, filters_gradient, forward_filters
from .winograd_passes import bottom_gradient_maps, bottom_planes, forward_pass, products, top_gradient_planes
from .workers import WORTH, Room, part

Array = Any

FORWARD_TILES = 96
"""About how many tiles a worker takes at a time: more of them read the filters' planes less often, fewer stay in the cache."""
TOGETHER = 4
"""Blocks of filters whose planes a worker makes before it transforms them back."""
BACKWARD_PLANES = 4 * 2**20
"""The elements of a chunk's planes of bottom and top, 16 MB: what the third-level cache keeps for the workers together."""


@dataclass(frozen=True)
class Layout:
    """The numbers of one convolution by F(m x m, r x r), seen as one of stride 1. channels and filters are those of a group."""

    m: int
    r: int
    stride: int
    pad: tuple[int, int]
    batch: int
    groups: int
    channels: int
    filters: int
    map_bands: int
    across: int

    @property
    def values(self) -> int:
        return (self.m + self.r - 1) ** 2

    @property
    def bands(self) -> int:
        return self.batch * self.map_bands

    @property
    def channel_blocks(self) -> int:
        return ceil(self.channels / LANES)

    @property
    def filter_blocks(self) -> int:
        return ceil(self.filters / LANES)

    @property
    def filters_size(self) -> int:
        """The elements of a plane of filters: all channels by all filters, zeros included."""
        return self.groups * self.filter_blocks * self.channel_blocks * LANES * LANES

    @property
    def sizes(self) -> tuple[int, int, int, int, int, int]:
        """What the passes are told."""
        return self.groups, self.channels, self.filters, self.map_bands, self.across, self.stride

    def rows(self, bands: int) -> int:
        """The rows of a blocked matrix that has one for each tile of so many bands."""
        return ceil(bands * self.across / ROWS) * ROWS

    def chunks(self, step: int) -> Iterator[tuple[int, int]]:
        return ((first, min(first + step, self.bands)) for first in range(0, self.bands, step))


def _layout(m: int, r: int, x: tuple[int, ...], y: tuple[int, ...], geo: ConvGeometry) -> Layout:
    stride, pad = geo.stride[0], (geo.pad[0], geo.pad[1])
    channels, filters = x[1] // geo.group * stride**2, y[1] // geo.group
    return Layout(m, r, stride, pad, x[0], geo.group, channels, filters, ceil(y[2] / m), ceil(y[3] / m))


def _planes(ops: Room, name: str, values: int, count: int, copies: int | None = None) -> Array:
    """Room for `values` planes of `count` elements, or for several such.

    From plane to plane it is a multiple of 4 KB and a line: planes at equal places in their pages would fight for lines of the cache.
    """
    pitch = _pitch(count)
    return ops.scratch(f"winograd.{name}", (values, pitch) if copies is None else (copies, values, pitch))


def _pitch(count: int) -> int:
    return ceil(count / 1024) * 1024 + LANES


def forward(
    ops: Room, x: Array, w: Array, bias: Array | None, y: Array, m: int, r: int, geo: ConvGeometry, finish: Ending = PLAIN
) -> None:  # fmt: skip
    at = _layout(m, r, x.shape, y.shape, geo)
    u = _planes(ops, "filters", at.values, at.filters_size)
    level = ops.scratch("winograd.bias", (w.shape[0] + LANES,))
    _prepare(ops, w, bias, u, level, at)
    _run(ops, x, u, level, y, at, finish)


def bound(
    ops: Room, x: Array, w: Array, bias: Array | None, y: Array, m: int, r: int, geo: ConvGeometry, finish: Ending
) -> Callable[[], None]:  # fmt: skip
    """forward with filters that are transformed now, once. y may have more channels than there are filters: the first ones are written."""
    at = _layout(m, r, x.shape, (x.shape[0], w.shape[0], *y.shape[2:]), geo)
    u, level = ops.empty((at.values, _pitch(at.filters_size))), ops.empty((w.shape[0] + LANES,))
    _prepare(ops, w, bias, u, level, at)
    return lambda: _run(ops, x, u, level, y, at, finish)


def _prepare(ops: Room, w: Array, bias: Array | None, u: Array, level: Array, at: Layout) -> None:
    """u = the filters transformed, level = the bias, zero behind its end."""
    transform, shared = forward_filters(at.m, at.r), at.channel_blocks * LANES
    ops.workers.share(at.groups * at.filter_blocks, lambda lo, hi, _: transform(w, u, lo, hi, at.groups, at.channels, shared, at.stride))
    level.fill(0)
    if bias is not None:
        level[: bias.size] = bias


def _run(ops: Room, x: Array, u: Array, level: Array, y: Array, at: Layout, finish: Ending) -> None:
    blocks = at.groups * at.filter_blocks
    many = at.bands >= 4 * ops.workers.count
    step = max(1, min(FORWARD_TILES // at.across, ceil(at.bands / ops.workers.count) if many else at.bands))
    v = _planes(ops, "bottom", at.values, at.channel_blocks * at.rows(step) * LANES, ops.workers.count)
    planes = _planes(ops, "top", at.values, TOGETHER * at.rows(step) * LANES, ops.workers.count)
    run = forward_pass(at.m, at.r)

    def task(lo: int, hi: int, worker: int) -> None:
        bands, filters = ((lo, hi), (0, blocks)) if many else ((0, at.bands), (lo, hi))
        run(x, u, level, y, v[worker], planes[worker], bands, filters, step, at.rows(step), TOGETHER, at.sizes, at.pad, finish)

    items = at.bands if many else blocks
    products = at.values * at.bands * at.across * at.channels * at.filters * at.groups
    ops.workers.share(items, task, least=1 + WORTH * items // (products + 1))


def backward(
    ops: Room, x: Array | None, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None,
    m: int, r: int, geo: ConvGeometry,
) -> None:  # fmt: skip
    """dx needs stride 1."""
    bottom: Array = dx if x is None else x
    at = _layout(m, r, bottom.shape, dy.shape, geo)
    blocks, filter_blocks, shared = at.groups * at.channel_blocks, at.groups * at.filter_blocks, at.filter_blocks * LANES
    per_band = at.values * (blocks + filter_blocks) * LANES * at.across
    step = ceil(at.bands / ceil(at.bands * per_band / max(BACKWARD_PLANES, per_band)))
    rows = at.rows(step)
    v, d = _planes(ops, "bottom", at.values, blocks * rows * LANES), _planes(ops, "top", at.values, filter_blocks * rows * LANES)
    u = _planes(ops, "filters", at.values, blocks * shared * LANES)
    du = _planes(ops, "filters_gradient", at.values, blocks * shared * LANES)
    sums = ops.scratch("winograd.sums", (dy.shape[1],), "float64")
    sums.fill(0)
    if dx is not None:
        ops.workers.share(blocks, lambda lo, hi, _: backward_filters(m, r)(w, u, lo, hi, at.groups, at.channels, shared))

    for bands in at.chunks(step):
        tiles = (bands[1] - bands[0]) * at.across

        def transform(lo: int, hi: int, _: int, bands: tuple[int, int] = bands) -> None:
            for worker in range(lo, hi):
                if dw is not None:
                    bottom_planes(m, r)(x, v, part(blocks, worker, ops.workers.count), bands, rows, at.sizes, at.pad)
                top_gradient_planes(m, r)(dy, d, sums, part(filter_blocks, worker, ops.workers.count), bands, rows, at.sizes)

        def multiply(lo: int, hi: int, _: int, tiles: int = tiles, add: bool = bands[0] > 0) -> None:
            products(d, v, u, du, lo, hi, tiles, rows, at.sizes, (dw is not None, dx is not None), add)

        def restore(lo: int, hi: int, _: int, bands: tuple[int, int] = bands) -> None:
            bottom_gradient_maps(m, r)(v, dx, (lo, hi), bands, rows, at.sizes, at.pad)

        ops.workers.share(ops.workers.count, transform)
        ops.workers.share(at.values * at.groups, multiply)
        if dx is not None:
            ops.workers.share(blocks, restore)
    if dw is not None:
        gradient = filters_gradient(m, r)
        ops.workers.share(blocks, lambda lo, hi, _: gradient(du, dw, lo, hi, at.groups, at.channels, shared, at.stride))
    if db is not None:
        db += sums
