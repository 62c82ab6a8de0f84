"""Operations without a gradient on all cores: weights are brought into order once, and results are finished as they leave."""

from __future__ import annotations

import numpy

from .cpu_kernels import depthwise, direct, gemm_conv, pointwise, winograd
from .cpu_kernels.conv_choice import cheapest_algorithm, is_direct
from .cpu_kernels.dense import times_transposed
from .cpu_kernels.finish import Ending
from .cpu_kernels.workers import Workers, fits
from .geometry import ConvGeometry, is_depthwise
from .reference.arrays import Array
from .reference.bound import Bound, Finish, Run


class CpuBound(Bound):
    """The family of bound operations; the result does not depend on the number of workers."""

    workers: Workers
    writes_channels = True

    def bound_conv(self, x: Array, w: Array, bias: Array | None, y: Array, *, geo: ConvGeometry, finish: Finish) -> Run:
        whole = _with_all_channels(y)
        if len(geo.kernel) > 2 or whole is None or not fits(x, w, bias, finish.add) or (finish.add is not None and whole is not y):
            return super().bound_conv(x, w, bias, y, geo=geo, finish=finish)
        ending = _ending(y, finish)
        if is_depthwise(w.shape, geo):
            return lambda: depthwise.forward(self, x, w, bias, whole, geo, ending)
        if short := cheapest_algorithm(x.shape, w.shape, geo):
            return winograd.bound(self, x, w, bias, whole, short.outputs, short.taps, geo, ending)
        if is_direct(w.shape, geo):
            return lambda: direct.forward(self, x, w, bias, whole, geo, ending)
        if whole is y and pointwise.suits(w.shape, geo):
            return lambda: pointwise.forward(self, x, w, bias, y, geo, ending)
        return gemm_conv.bound(self, x, w, bias, whole, geo, ending)

    def bound_linear(self, x: Array, w: Array, bias: Array | None, y: Array, *, transpose: bool, finish: Finish) -> Run:
        if transpose or not fits(x, w, bias, y, finish.add):
            return super().bound_linear(x, w, bias, y, transpose=transpose, finish=finish)
        ending = _ending(y, finish)
        return lambda: times_transposed(self, x, w, bias, y, ending)


def _ending(y: Array, finish: Finish) -> Ending:
    distance = 0 if finish.add is None else finish.add.ctypes.data - y.ctypes.data
    return distance, numpy.float32(finish.slope)


def _with_all_channels(y: Array) -> Array | None:
    """The array whose first channels y is, as long as only these are looked at; None if there is none that kernels can take.

    Kernels find an image by the number of channels that all have. It may reach beyond memory that is there.
    """
    if fits(y):
        return y
    pixels = y[0, 0].size
    if y.dtype != numpy.float32 or not y[0].flags.carray or y.strides[0] % (4 * pixels):
        return None
    return numpy.lib.stride_tricks.as_strided(y, (y.shape[0], y.strides[0] // (4 * pixels), *y.shape[2:]))
