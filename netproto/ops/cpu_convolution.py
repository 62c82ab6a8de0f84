"""Convolution on all cores."""

from __future__ import annotations

from .cpu_kernels import depthwise, direct, frames, gemm_conv, pointwise, winograd
from .cpu_kernels.conv_choice import is_direct, short_algorithm
from .cpu_kernels.finish import PLAIN, Ending, rectified
from .cpu_kernels.workers import Workers, fits
from .geometry import ConvGeometry, is_depthwise
from .reference.arrays import Array
from .reference.rectified import Rectified

FRAMES = 3
"""The spatial axes of a convolution over frames."""


class CpuConvolution(Rectified):
    """The family of convolution, for one to three spatial axes; the result does not depend on the number of workers."""

    workers: Workers

    def conv(self, x: Array, w: Array, bias: Array | None, y: Array, *, geo: ConvGeometry) -> None:
        if len(geo.kernel) > FRAMES or not fits(x, w, bias, y):
            super().conv(x, w, bias, y, geo=geo)
        elif len(geo.kernel) == FRAMES:
            frames.forward(self, x, w, bias, y, geo)
        else:
            self._conv(x, w, bias, y, geo, PLAIN)

    def rectified_conv(self, x: Array, w: Array, bias: Array | None, y: Array, *, geo: ConvGeometry, slope: float) -> None:
        if len(geo.kernel) > 2 or not fits(x, w, bias, y):
            super().rectified_conv(x, w, bias, y, geo=geo, slope=slope)
        else:
            self._conv(x, w, bias, y, geo, rectified(slope))

    def _conv(self, x: Array, w: Array, bias: Array | None, y: Array, geo: ConvGeometry, finish: Ending) -> None:
        if is_depthwise(w.shape, geo):
            depthwise.forward(self, x, w, bias, y, geo, finish)
        elif short := short_algorithm(x.shape, w.shape, geo):
            winograd.forward(self, x, w, bias, y, short.outputs, short.taps, geo, finish)
        elif is_direct(w.shape, geo):
            direct.forward(self, x, w, bias, y, geo, finish)
        elif pointwise.suits(w.shape, geo):
            pointwise.forward(self, x, w, bias, y, geo, finish)
        else:
            gemm_conv.forward(self, x, w, bias, y, geo, finish)

    def conv_backward(
        self, x: Array | None, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, *, geo: ConvGeometry
    ) -> None:
        bottom = dx if x is None else x
        if bottom is None or len(geo.kernel) > FRAMES or not fits(x, w, dy, dx, dw, db):
            super().conv_backward(x, w, dy, dx, dw, db, geo=geo)
        elif len(geo.kernel) == FRAMES:
            frames.backward(self, x, w, dy, dx, dw, db, geo)
        elif is_depthwise(w.shape, geo):
            depthwise.backward(self, x, w, dy, dx, dw, db, geo)
        elif short := short_algorithm(bottom.shape, w.shape, geo):
            strided = geo.stride[0] > 1
            if strided and dx is not None:
                gemm_conv.backward(self, None, w, dy, dx, None, None, geo)
            winograd.backward(self, x, w, dy, None if strided else dx, dw, db, short.outputs, short.taps, geo)
        elif is_direct(w.shape, geo) and dw is not None and x is not None:
            direct.filters_gradient(self, x, dy, dw, geo)
            gemm_conv.backward(self, x, w, dy, dx, None, db, geo)
        elif pointwise.suits(w.shape, geo):
            pointwise.backward(self, x, w, dy, dx, dw, db, geo)
        else:
            gemm_conv.backward(self, x, w, dy, dx, dw, db, geo)
