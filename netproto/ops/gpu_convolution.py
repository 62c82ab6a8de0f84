"""Convolution on a GPU.

By cuDNN where that is asked for and can; else one channel to a group by kernels of its own, and everything else by unfolding the windows of
as many images at a time as there is room for, and cuBLAS.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod
from typing import Any

import numpy

from .geometry import ConvGeometry, is_depthwise
from .gpu_arrays import fits
from .gpu_cudnn import DATA, FORWARD, WEIGHTS, GpuCudnn
from .gpu_linear import NOTHING, GpuLinear
from .reference.arrays import Array
from .reference.bound import Finish, Run

WORKSPACE = 2**26
"""The most elements of unfolded windows, or of partial gradients of weights, at a time: 256 MiB."""


class GpuConvolution(GpuCudnn, GpuLinear):
    """The families of convolution and unfolding."""

    _geometries: dict[tuple[Any, ...], Array]

    # -- Convolution ---------------------------------------------------------------------------------------------------------

    def conv(self, x: Array, w: Array, bias: Array | None, y: Array, *, geo: ConvGeometry) -> None:
        if not fits(x, w, bias, y):
            super().conv(x, w, bias, y, geo=geo)
            return
        self._finished_conv(x, w, bias, y, geo, NOTHING)

    def bound_conv(self, x: Array, w: Array, bias: Array | None, y: Array, *, geo: ConvGeometry, finish: Finish) -> Run:
        if not fits(x, w, bias, y, finish.add):
            return super().bound_conv(x, w, bias, y, geo=geo, finish=finish)
        return partial(self._finished_conv, x, w, bias, y, geo, finish)

    def rectified_conv(self, x: Array, w: Array, bias: Array | None, y: Array, *, geo: ConvGeometry, slope: float) -> None:
        if fits(x, w, bias, y):
            self._finished_conv(x, w, bias, y, geo, Finish(slope=slope))
        else:
            super().rectified_conv(x, w, bias, y, geo=geo, slope=slope)

    def conv_backward(
        self, x: Array | None, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, *, geo: ConvGeometry
    ) -> None:
        if not fits(x, w, dy, dx, dw, db):
            super().conv_backward(x, w, dy, dx, dw, db, geo=geo)
            return
        if dx is not None and not self.by_cudnn(DATA, geo, dx, dy=dy, w=w):
            self._conv_dx(w, dy, dx, geo)
        if dw is not None and not self._added_by_cudnn(x, dy, dw, geo):
            self._conv_dw(x, dy, dw, geo)
        if db is not None:
            self.add_channel_sums(dy.reshape(len(dy), len(db), -1), None, db)

    def _added_by_cudnn(self, x: Array | None, dy: Array, dw: Array, geo: ConvGeometry) -> bool:
        """Whether cuDNN, which cannot add, has worked out the gradient that dw now has added."""
        if self.cudnn_for(geo) is None:
            return False
        step = self.scratch("conv.dw", dw.shape)
        done = self.by_cudnn(WEIGHTS, geo, step, x=x, dy=dy)
        if done:
            self.kernels.each("add_parts", dw.size, step, 1, dw)
        return done

    def _finished_conv(self, x: Array, w: Array, bias: Array | None, y: Array, geo: ConvGeometry, finish: Finish) -> None:
        if self.by_cudnn(FORWARD, geo, y, x=x, w=w, bias=bias):
            self.finish(y, None, finish)
        elif is_depthwise(w.shape, geo):
            self.kernels.each("depthwise", y.size, x, w, bias, finish.add, finish.slope, y.shape[1], *_depth(x, y, geo), y)
        else:
            self._conv(x, w, y, geo)
            self.finish(y, bias, finish)

    def _conv(self, x: Array, w: Array, y: Array, geo: ConvGeometry) -> None:
        rows, places = _rows(w, geo), prod(y.shape[2:])
        weight = w.reshape(geo.group, -1, rows)
        for part in self._parts(len(x), geo.group * rows * places):
            columns = self._unfolded(x[part], y.shape, geo)
            self._grouped(weight, columns, y[part].reshape(len(columns), geo.group, -1, places))

    def _conv_dx(self, w: Array, dy: Array, dx: Array, geo: ConvGeometry) -> None:
        if is_depthwise(w.shape, geo):
            self.kernels.each("depthwise_backward", dx.size, dy, w, dx.shape[1], *_depth(dx, dy, geo), dx)
            return
        rows, places = _rows(w, geo), prod(dy.shape[2:])
        weight = w.reshape(geo.group, -1, rows)
        for part in self._parts(len(dx), geo.group * rows * places):
            images, plain = dx[part], _is_plain(geo)
            shape = (len(images), geo.group, rows, places)
            columns = images.reshape(shape) if plain else self.scratch("conv.columns", shape)
            self._grouped(weight, dy[part].reshape(len(images), geo.group, -1, places), columns, transposed=True)
            if not plain:
                self._col2im(columns, images, dy.shape[2:], geo)

    def _conv_dw(self, x: Any, dy: Array, dw: Array, geo: ConvGeometry) -> None:
        if is_depthwise(dw.shape, geo):
            self.kernels.blocks("depthwise_add_weights", dw.size, dw.size, len(x), x, dy, dy.shape[1], *_depth(x, dy, geo), dw)
            return
        rows, places = _rows(dw, geo), prod(dy.shape[2:])
        for part in self._parts(len(x), max(geo.group * rows * places, dw.size)):
            columns = self._unfolded(x[part], dy.shape, geo).reshape(-1, rows, places)
            tops = dy[part].reshape(len(columns), -1, places)
            if len(columns) == geo.group:
                self.gemm(tops, columns, dw.reshape(geo.group, -1, rows), tb=True, add=True)
                continue
            parts = self.scratch("conv.dw", (len(columns), tops.shape[1], rows))
            self.gemm(tops, columns, parts, tb=True)
            self.kernels.each("add_parts", dw.size, parts, len(columns) // geo.group, dw)

    def _grouped(self, weight: Array, source: Array, out: Array, *, transposed: bool = False) -> None:
        """out (images, group, M, places) = weight (group, M, K) or its transpose times source (images, group, K, places)."""
        if len(weight) <= len(source):
            for group, matrix in enumerate(weight):
                self.gemm(matrix, source[:, group], out[:, group], ta=transposed)
        else:
            for image, columns in enumerate(source):
                self.gemm(weight, columns, out[image], ta=transposed)

    def _unfolded(self, images: Array, top: tuple[int, ...], geo: ConvGeometry) -> Array:
        """The windows of the images, (images, group, rows, places); the images themselves where a window is one element."""
        places = prod(top[2:])
        if _is_plain(geo):
            return images.reshape(len(images), geo.group, -1, places)
        columns = self.scratch("conv.columns", (len(images), geo.group, images.shape[1] // geo.group * prod(geo.kernel), places))
        self._im2col(images, columns, top[2:], geo)
        return columns

    def _parts(self, images: int, each: int) -> Iterator[slice]:
        """As many images at a time as fit into the workspace."""
        step = max(1, WORKSPACE // max(each, 1))
        return (slice(start, start + step) for start in range(0, images, step))

    # -- windows -------------------------------------------------------------------------------------------------------------

    def im2col(self, x: Array, columns: Array, *, geo: ConvGeometry) -> None:
        if fits(x, columns):
            self._im2col(x, columns, columns.shape[2:], geo)
        else:
            super().im2col(x, columns, geo=geo)

    def col2im(self, columns: Array, x: Array, *, geo: ConvGeometry) -> None:
        if fits(x, columns):
            self._col2im(columns, x, columns.shape[2:], geo)
        else:
            super().col2im(columns, x, geo=geo)

    def _im2col(self, x: Array, columns: Array, out: tuple[int, ...], geo: ConvGeometry) -> None:
        if len(out) == 2:
            self.kernels.each("im2col", x.shape[0] * x.shape[1] * prod(out), x, *x.shape[2:], *_numbers(geo), *out, columns)
        else:
            self.kernels.each("im2col_nd", columns.size, x, *self._nd(x, out, geo), columns)

    def _col2im(self, columns: Array, x: Array, out: tuple[int, ...], geo: ConvGeometry) -> None:
        if len(out) == 2:
            self.kernels.each("col2im", x.size, columns, *x.shape[2:], *_numbers(geo), *out, x)
        else:
            self.kernels.each("col2im_nd", x.size, columns, *self._nd(x, out, geo), x)

    def _nd(self, x: Array, out: tuple[int, ...], geo: ConvGeometry) -> tuple[Any, ...]:
        """axes, geometry, taps, outputs, places, as the kernels for any number of axes take them."""
        key = x.shape[2:], out, geo
        if key not in self._geometries:
            axes = list(zip(x.shape[2:], geo.kernel, geo.stride, geo.pad, geo.dilation, out, strict=True))
            self._geometries[key] = self.xp.asarray(numpy.array(axes, "int32"))
        return len(out), self._geometries[key], prod(geo.kernel), prod(out), prod(x.shape[2:])


def _rows(w: Array, geo: ConvGeometry) -> int:
    """Elements of a group's window."""
    return w.shape[1] * prod(geo.kernel)


def _is_plain(geo: ConvGeometry) -> bool:
    """Whether the windows are the image: single elements, all of them."""
    return set(geo.kernel) == {1} and set(geo.stride) == {1} and set(geo.pad) == {0}


def _numbers(geo: ConvGeometry) -> tuple[int, ...]:
    return (*geo.kernel, *geo.stride, *geo.pad, *geo.dilation)


def _depth(x: Array, y: Array, geo: ConvGeometry) -> tuple[int, ...]:
    """per, height, width and the window, as the kernels for one channel to a group take them."""
    return y.shape[1] // x.shape[1], *x.shape[2:], *_numbers(geo), *y.shape[2:]
