"""Grids laid on regions of a map, and each cell pooled.

Caffe: none. roi_pooling_layer.cu of rbgirshick/caffe-fast-rcnn and psroi_pooling_layer.cu of daijifeng001/caffe-rfcn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy

from .arrays import Array, Arrays

LOWEST = -float(numpy.finfo("float32").max)
LEAST_SIDE = 0.1  # of a region whose cells are averaged, in places of the map


class Cell(NamedTuple):
    """One cell of one region's grid: whose image, where in the grid, and which part of the plane."""

    region: int
    image: int
    row: int
    column: int
    rows: slice
    columns: slice


class Regions(Arrays):
    """x (N, C, H, W); rois (R, 5) of image, x1, y1, x2, y2, ends included, `scale` places of the map for each of their units."""

    def roi_max_pool(self, x: Array, rois: Array, y: Array, mask: Array, *, scale: float) -> None:
        """y (R, C, rows, columns) = the largest of each cell, mask = where in the plane it is, the first of several; 0 and -1 if empty."""
        y.fill(0)
        mask.fill(-1)
        width = x.shape[3]
        for cell in _cells(self._rounded(rois, scale), x.shape, y.shape):
            window = x[cell.image, :, cell.rows, cell.columns]
            flat = window.reshape(x.shape[1], -1)
            best = flat.argmax(axis=1)
            rows, columns = cell.rows.start + best // window.shape[2], cell.columns.start + best % window.shape[2]
            y[cell.region, :, cell.row, cell.column] = flat.max(axis=1)
            mask[cell.region, :, cell.row, cell.column] = rows * width + columns

    def roi_max_pool_backward(self, rois: Array, mask: Array, dy: Array, dx: Array) -> None:
        """dx = the sum of the dy whose cells took an element from it."""
        dx.fill(0)
        channels, places = dx.shape[1], dx.shape[2] * dx.shape[3]
        plane = rois[:, :1].astype("int64") * channels + self.xp.arange(channels)
        index = plane.reshape(*mask.shape[:2], 1, 1) * places + mask
        taken = mask >= 0
        self.xp.add.at(dx.reshape(-1), index[taken], dy[taken])

    def psroi_ave_pool(self, x: Array, rois: Array, y: Array, *, scale: float) -> None:
        """y (R, D, G, G) = the average of each cell over a channel of its own: channel (d G + row) G + column of x; 0 if it is empty."""
        y.fill(0)
        maps = _by_cell(x, y.shape)
        for cell in _cells(self._widened(rois, scale), x.shape, y.shape):
            window = maps[cell.image, :, cell.row, cell.column, cell.rows, cell.columns]
            y[cell.region, :, cell.row, cell.column] = window.mean(axis=(1, 2))

    def psroi_ave_pool_backward(self, rois: Array, dy: Array, dx: Array, *, scale: float) -> None:
        """dx = the sum of each dy over the elements of its cell, shared equally."""
        dx.fill(0)
        maps = _by_cell(dx, dy.shape)
        for cell in _cells(self._widened(rois, scale), dx.shape, dy.shape):
            window = maps[cell.image, :, cell.row, cell.column, cell.rows, cell.columns]
            share = dy[cell.region, :, cell.row, cell.column] / (window.shape[1] * window.shape[2])
            window += share[:, None, None]

    def _rounded(self, rois: Array, scale: float) -> Bounds:
        """Regions whose corners are whole places; those that end before they begin are one place large."""
        boxes = self._boxes(rois)
        corners = _round(boxes[:, 1:] * boxes.dtype.type(scale))
        sides = numpy.maximum(corners[:, 2:] - corners[:, :2] + 1, 1)
        return Bounds(boxes[:, 0].astype("int64"), corners[:, :2], sides, whole=True)

    def _widened(self, rois: Array, scale: float) -> Bounds:
        """Regions whose corners are whole before they are scaled."""
        boxes, factor = self._boxes(rois), self.dtype.type(scale)
        corners = _round(boxes[:, 1:])
        start, stop = corners[:, :2] * factor, (corners[:, 2:] + 1) * factor
        return Bounds(boxes[:, 0].astype("int64"), start, numpy.maximum(stop - start, self.dtype.type(LEAST_SIDE)), whole=False)

    def _boxes(self, rois: Array) -> Any:
        return self.to_host(rois).reshape(len(rois), -1)[:, :5]


class Bounds(NamedTuple):
    """Regions on the map: whose image (R), and x, y of the start and of the extent, (R, 2).

    whole: whether a cell's edges are rounded before the start is added to them, rather than after.
    """

    image: Any
    start: Any
    extent: Any
    whole: bool


def _cells(bounds: Bounds, map_shape: tuple[int, ...], top_shape: tuple[int, ...]) -> Iterator[Cell]:
    """Every cell that has an element."""
    columns = _edges(bounds, 0, map_shape[3], top_shape[3])
    rows = _edges(bounds, 1, map_shape[2], top_shape[2])
    for region, image in enumerate(bounds.image.tolist()):
        for i, (top, bottom) in enumerate(rows[region]):
            for j, (left, right) in enumerate(columns[region]):
                if bottom > top and right > left:
                    yield Cell(region, image, i, j, slice(top, bottom), slice(left, right))


def _edges(bounds: Bounds, axis: int, size: int, count: int) -> list[list[tuple[int, int]]]:
    """Where the cells of each region begin and end along an axis of the map."""
    start, extent = bounds.start[:, axis, None], bounds.extent[:, axis, None]
    side = extent / extent.dtype.type(count)
    number = numpy.arange(count).astype(extent.dtype)
    first, last = number * side, (number + 1) * side
    if bounds.whole:
        first, last = numpy.floor(first) + start, numpy.ceil(last) + start
    else:
        first, last = numpy.floor(first + start), numpy.ceil(last + start)
    inside = numpy.clip(numpy.stack([first, last], axis=-1), 0, size).astype("int64")
    return [[(a, b) for a, b in region] for region in inside.tolist()]


def _round(x: Any) -> Any:
    """To the nearest whole number, halves away from 0, as C's round does."""
    return numpy.copysign(numpy.floor(numpy.abs(x) + 0.5), x)


def _by_cell(x: Array, top_shape: tuple[int, ...]) -> Array:
    """x seen as (N, D, rows, columns of the grid, H, W)."""
    return x.reshape(x.shape[0], *top_shape[1:], *x.shape[2:])
