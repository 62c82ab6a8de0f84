"""Planes made larger or smaller: by the places of a pooling, by repeating, by bilinear interpolation.

Caffe: none. The layers Upsample and Interp of its forks use these.
"""

from __future__ import annotations

import numpy

from .arrays import Array, Arrays


class Resampling(Arrays):
    """x (N, C, H, W), y (N, C, its own plane)."""

    def unpool(self, x: Array, mask: Array, y: Array) -> None:
        """y = each x at the place in its plane that mask names, 0 elsewhere. Where several name one, the last has it."""
        y.fill(0)
        planes = y.reshape(-1, y.shape[2] * y.shape[3])
        self.xp.put_along_axis(planes, _by_plane(mask).astype("int64"), _by_plane(x), axis=1)

    def unpool_backward(self, mask: Array, dy: Array, dx: Array) -> None:
        """dx = dy at the place that mask names."""
        planes = dy.reshape(-1, dy.shape[2] * dy.shape[3])
        _by_plane(dx)[...] = self.xp.take_along_axis(planes, _by_plane(mask).astype("int64"), axis=1)

    def magnify(self, x: Array, y: Array) -> None:
        """y = x with each element repeated over a rectangle; the plane of y is a multiple of that of x."""
        _rectangles(y, x)[...] = x[:, :, :, None, :, None]

    def magnify_backward(self, dy: Array, dx: Array) -> None:
        """dx = the sum of dy over each rectangle."""
        self.xp.sum(_rectangles(dy, dx), axis=(3, 5), out=dx)

    def interpolate(self, x: Array, y: Array, *, crop: tuple[int, int]) -> None:
        """y = x, less so many rows and columns at the start and at the end, with its corners drawn onto those of y."""
        rows, columns = (self._weights(x.shape[axis], y.shape[axis], crop) for axis in (2, 3))
        self.xp.matmul(self.xp.matmul(rows, x), columns.T, out=y)

    def interpolate_backward(self, dy: Array, dx: Array, *, crop: tuple[int, int]) -> None:
        """dx = dy, shared by each four neighbours as `interpolate` weighs them."""
        rows, columns = (self._weights(dx.shape[axis], dy.shape[axis], crop) for axis in (2, 3))
        self.xp.matmul(self.xp.matmul(rows.T, dy), columns, out=dx)

    def _weights(self, size: int, out: int, crop: tuple[int, int]) -> Array:
        """(out, size): how much of each element along one axis goes into each output."""
        kept = size - sum(crop)
        step = numpy.float32(kept - 1) / numpy.float32(out - 1) if out > 1 else numpy.float32(0)
        place = numpy.arange(out, dtype="float32") * step
        first = place.astype("int64")
        weight = place - first
        weights = numpy.zeros((out, size))
        rows = numpy.arange(out)
        weights[rows, crop[0] + first] = 1 - weight
        weights[rows, crop[0] + numpy.minimum(first + 1, kept - 1)] += weight
        return self.asarray(weights)


def _by_plane(x: Array) -> Array:
    return x.reshape(x.shape[0] * x.shape[1], -1)


def _rectangles(large: Array, small: Array) -> Array:
    """The larger blob seen as (N, C, H, its factor, W, its factor) of the smaller one."""
    n, c, h, w = small.shape
    return large.reshape(n, c, h, large.shape[2] // h, w, large.shape[3] // w)
