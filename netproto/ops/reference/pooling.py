"""Pooling over two spatial axes. Caffe: pooling_layer.cpp, and pooling_layer.cu for STOCHASTIC."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy

from ..geometry import PoolGeometry, Span, span
from .arrays import Array
from .rng import Rng

LOWEST = -float(numpy.finfo("float32").max)
"""What MAX gives for a window without an element, in float64 too: Caffe's -FLT_MAX."""


class Pooling(Rng):
    """x (N, C, H, W), y and mask (N, C, *geo.out); mask is int32: an index into the H * W plane, -1 for an empty window."""

    def max_pool(self, x: Array, y: Array, mask: Array, *, geo: PoolGeometry) -> None:
        """y = the largest of each window, mask = where it is: the first one of several. An empty window gives -FLT_MAX."""
        y.fill(LOWEST)
        mask.fill(-1)
        for rows, columns in _taps(x.shape, geo):
            value, best, at = x[_source(rows, columns)], y[_out(rows, columns)], mask[_out(rows, columns)]
            larger = value > best
            best[...] = self.xp.where(larger, value, best)
            at[...] = self.xp.where(larger, self._index(rows, columns, x.shape[3]), at)

    def max_pool_values(self, x: Array, y: Array, *, geo: PoolGeometry) -> None:
        """max_pool without a mask."""
        self.max_pool(x, y, self.scratch("pool.mask", y.shape, "int32"), geo=geo)

    def max_pool_backward(self, dy: Array, mask: Array, dx: Array, *, geo: PoolGeometry) -> None:
        """dx = each dy at the element that mask names, summed where windows share it."""
        dx.fill(0)
        for rows, columns in _taps(dx.shape, geo):
            chosen = mask[_out(rows, columns)] == self._index(rows, columns, dx.shape[3])
            dx[_source(rows, columns)] += self.xp.where(chosen, dy[_out(rows, columns)], 0)

    def ave_pool(self, x: Array, y: Array, *, geo: PoolGeometry) -> None:
        """y = the sum of each window over the size of the window as far as the padded input reaches; an empty window gives 0/0."""
        y.fill(0)
        for rows, columns in _taps(x.shape, geo):
            y[_out(rows, columns)] += x[_source(rows, columns)]
        y /= self._window_sizes(x.shape, geo)

    def ave_pool_backward(self, dy: Array, dx: Array, *, geo: PoolGeometry) -> None:
        """dx = each dy shared equally by the elements of its window, padding included."""
        share = self.scratch("pool.share", dy.shape)
        self.xp.divide(dy, self._window_sizes(dx.shape, geo), out=share)
        dx.fill(0)
        for rows, columns in _taps(dx.shape, geo):
            dx[_source(rows, columns)] += share[_out(rows, columns)]

    def stochastic_pool(self, x: Array, y: Array, mask: Array, *, geo: PoolGeometry, key: int, ordinal: int) -> None:
        """y = an element of each window, drawn with a probability in proportion to its value (x >= 0); mask = where it is.

        The draw is u * sum, u = (word + 0.5) / 2**32; the first element whose running sum reaches it is taken.
        """
        total, running = self.scratch("pool.total", y.shape), self.scratch("pool.running", y.shape)
        total.fill(0)
        for rows, columns in _taps(x.shape, geo):
            total[_out(rows, columns)] += x[_source(rows, columns)]
        total *= self.uniform_words(y.shape, key=key, ordinal=ordinal)
        running.fill(0)
        y.fill(0)
        mask.fill(-1)
        for rows, columns in _taps(x.shape, geo):
            out, value = _out(rows, columns), x[_source(rows, columns)]
            running[out] += value
            taken = (mask[out] < 0) & (running[out] >= total[out])
            y[out] = self.xp.where(taken, value, y[out])
            mask[out] = self.xp.where(taken, self._index(rows, columns, x.shape[3]), mask[out])

    def stochastic_pool_test(self, x: Array, y: Array, *, geo: PoolGeometry) -> None:
        """y = the mean of each window weighted by its own values, sum x**2 / sum x; 0 where the sum is not positive."""
        total = self.scratch("pool.total", y.shape)
        total.fill(0)
        y.fill(0)
        for rows, columns in _taps(x.shape, geo):
            value = x[_source(rows, columns)]
            total[_out(rows, columns)] += value
            y[_out(rows, columns)] += value * value
        y /= self.xp.where(total > 0, total, 1)
        y *= total > 0

    def _index(self, rows: Span, columns: Span, width: int) -> Array:
        """The index into the plane of each element that a tap reads, as (rows, columns)."""
        y = self.xp.arange(rows.hi - rows.lo, dtype="int32") * rows.stride + rows.start
        x = self.xp.arange(columns.hi - columns.lo, dtype="int32") * columns.stride + columns.start
        return y[:, None] * width + x

    def _window_sizes(self, shape: tuple[int, ...], geo: PoolGeometry) -> Array:
        """How many elements of the padded input each window holds, (out height, out width); NaN where none."""
        axes = zip(shape[2:], geo.kernel, geo.stride, geo.pad, geo.out, strict=True)
        height, width = (window_lengths(*axis) for axis in axes)
        sizes = numpy.multiply.outer(height, width).astype("float64")
        sizes[sizes == 0] = numpy.nan
        return self.asarray(sizes)


def window_lengths(size: int, kernel: int, stride: int, pad: int, out: int) -> numpy.ndarray:
    """The length of each window along one axis, cut where the padded input ends; 0 or less for one beyond it."""
    start = numpy.arange(out) * stride - pad
    return numpy.minimum(start + kernel, size + pad) - start


def _taps(shape: tuple[int, ...], geo: PoolGeometry) -> Iterator[tuple[Span, Span]]:
    """For each offset within a window, in reading order: the rows and columns of outputs that meet an element there."""
    for tap in product(*map(range, geo.kernel)):
        axes = zip(tap, geo.stride, geo.pad, shape[2:], geo.out, strict=True)
        rows, columns = (span(*axis) for axis in axes)
        if rows and columns:
            yield rows, columns


def _source(rows: Span, columns: Span) -> tuple[slice, ...]:
    return slice(None), slice(None), rows.source, columns.source


def _out(rows: Span, columns: Span) -> tuple[slice, ...]:
    return slice(None), slice(None), rows.out, columns.out
