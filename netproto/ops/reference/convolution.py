"""Convolution as a matrix product over unfolded windows, one image at a time. Caffe: base_conv_layer.cpp, im2col.cpp."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

from ..geometry import ConvGeometry
from .arrays import Array, Arrays


class Convolution(Arrays):
    """x (N, C, *spatial), w (K, C / group, *kernel), bias (K), y (N, K, *out_shape)."""

    def conv(self, x: Array, w: Array, bias: Array | None, y: Array, *, geo: ConvGeometry) -> None:
        """y[n, k] = sum over the window of w[k] * x[n] + bias[k]; bias may be None."""
        weight = _by_group(w, geo)
        cols = self._columns(x.shape, y.shape, geo)
        for image, top in zip(x, y, strict=True):
            self._unfold(image, cols, geo)
            self.xp.matmul(weight, _matrix(cols, geo), out=top.reshape(geo.group, -1, prod(top.shape[1:])))
        if bias is not None:
            y += bias.reshape(-1, *(1,) * len(geo.kernel))

    def conv_backward(
        self, x: Array | None, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, *, geo: ConvGeometry
    ) -> None:
        """dx = the gradient of x; dw and db get theirs added. Any of the three may be None; x may be None if dw is."""
        if dx is not None:
            self._conv_dx(w, dy, dx, geo)
        if dw is not None:
            self._conv_dw(x, dy, dw, geo)
        if db is not None:
            db += dy.sum(axis=(0, *range(2, dy.ndim)))

    def _conv_dx(self, w: Array, dy: Array, dx: Array, geo: ConvGeometry) -> None:
        weight = _by_group(w, geo).swapaxes(1, 2)
        cols = self._columns(dx.shape, dy.shape, geo)
        for image, top in zip(dx, dy, strict=True):
            self.xp.matmul(weight, top.reshape(geo.group, -1, prod(top.shape[1:])), out=_matrix(cols, geo))
            self._fold(cols, image, geo)

    def _conv_dw(self, x: Any, dy: Array, dw: Array, geo: ConvGeometry) -> None:
        cols = self._columns(x.shape, dy.shape, geo)
        step = self.scratch("conv.dw", _by_group(dw, geo).shape)
        for image, top in zip(x, dy, strict=True):
            self._unfold(image, cols, geo)
            self.xp.matmul(top.reshape(geo.group, -1, prod(top.shape[1:])), _matrix(cols, geo).swapaxes(1, 2), out=step)
            dw += step.reshape(dw.shape)

    def _columns(self, bottom: tuple[int, ...], top: tuple[int, ...], geo: ConvGeometry) -> Array:
        """Room for the windows of one image: (C, *kernel, *out)."""
        return self.scratch("conv.columns", (bottom[1], *geo.kernel, *top[2:]))

    def _unfold(self, image: Array, cols: Array, geo: ConvGeometry) -> None:
        padded = self._padded(image.shape, geo)
        padded.fill(0)
        padded[_inside(image.shape, geo)] = image
        for tap in product(*map(range, geo.kernel)):
            cols[(slice(None), *tap)] = padded[_tap(tap, cols.shape[1 + len(tap) :], geo)]

    def _fold(self, cols: Array, image: Array, geo: ConvGeometry) -> None:
        padded = self._padded(image.shape, geo)
        padded.fill(0)
        for tap in product(*map(range, geo.kernel)):
            padded[_tap(tap, cols.shape[1 + len(tap) :], geo)] += cols[(slice(None), *tap)]
        image[...] = padded[_inside(image.shape, geo)]

    def _padded(self, shape: tuple[int, ...], geo: ConvGeometry) -> Array:
        spatial = (max(size + 2 * p, e) for size, p, e in zip(shape[1:], geo.pad, geo.extent, strict=True))
        return self.scratch("conv.padded", (shape[0], *spatial))


def _by_group(w: Array, geo: ConvGeometry) -> Array:
    return w.reshape(geo.group, w.shape[0] // geo.group, prod(w.shape[1:]))


def _matrix(cols: Array, geo: ConvGeometry) -> Array:
    """(C, *kernel, *out) seen as (group, rows, columns)."""
    rows = cols.shape[0] * prod(geo.kernel) // geo.group
    return cols.reshape(geo.group, rows, prod(cols.shape[1 + len(geo.kernel) :]))


def _inside(shape: tuple[int, ...], geo: ConvGeometry) -> tuple[slice, ...]:
    return (slice(None), *(slice(p, p + size) for size, p in zip(shape[1:], geo.pad, strict=True)))


def _tap(tap: tuple[int, ...], out: tuple[int, ...], geo: ConvGeometry) -> tuple[slice, ...]:
    """The padded elements that one tap of the kernel meets, for all outputs."""
    axes = zip(tap, geo.dilation, geo.stride, out, strict=True)
    return (slice(None), *(slice(t * d, t * d + s * (o - 1) + 1, s) for t, d, s, o in axes))
