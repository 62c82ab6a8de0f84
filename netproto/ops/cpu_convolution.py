"""Convolution and InnerProduct on all cores."""

from __future__ import annotations

from .cpu_kernels import winograd
from .cpu_kernels.conv_choice import winograd as choose
from .cpu_kernels.workers import Workers, fits
from .geometry import ConvGeometry
from .reference.arrays import Array
from .reference.convolution import Convolution


class CpuConvolution(Convolution):
    """The family of convolution; other shapes than Winograd's are left to the portable operations."""

    workers: Workers

    def conv(self, x: Array, w: Array, bias: Array | None, y: Array, *, geo: ConvGeometry) -> None:
        chosen = choose(x.shape, w.shape, geo) if fits(x, w, bias, y) else None
        if chosen is None:
            super().conv(x, w, bias, y, geo=geo)
        else:
            winograd.forward(self, x, w, bias, y, chosen.outputs, chosen.taps, geo)

    def conv_backward(
        self, x: Array | None, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, *, geo: ConvGeometry
    ) -> None:
        bottom = dx if x is None else x
        chosen = choose(bottom.shape, w.shape, geo) if bottom is not None and fits(x, w, dy, dx, dw, db) else None
        if chosen is None:
            super().conv_backward(x, w, dy, dx, dw, db, geo=geo)
        elif dx is not None and geo.stride[0] > 1:
            super().conv_backward(None, w, dy, dx, None, None, geo=geo)
            winograd.backward(self, x, w, dy, None, dw, db, chosen.outputs, chosen.taps, geo)
        else:
            winograd.backward(self, x, w, dy, dx, dw, db, chosen.outputs, chosen.taps, geo)
