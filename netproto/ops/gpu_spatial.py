"""Pooling and LRN on a GPU: a thread for each element that is written."""

from __future__ import annotations

from math import prod

from .geometry import PoolGeometry
from .gpu_arrays import GpuArrays, fits
from .reference.arrays import Array


class GpuSpatial(GpuArrays):
    """The families of pooling and normalisation."""

    def max_pool(self, x: Array, y: Array, mask: Array, *, geo: PoolGeometry) -> None:
        if fits(x, y):
            self.kernels.each("max_pool", y.size, x, *_window(x, geo), y, mask)
        else:
            super().max_pool(x, y, mask, geo=geo)

    def max_pool_backward(self, dy: Array, mask: Array, dx: Array, *, geo: PoolGeometry) -> None:
        if fits(dy, dx):
            self.kernels.each("max_pool_backward", dx.size, dy, mask, *_window(dx, geo), dx)
        else:
            super().max_pool_backward(dy, mask, dx, geo=geo)

    def ave_pool(self, x: Array, y: Array, *, geo: PoolGeometry) -> None:
        if fits(x, y):
            self.kernels.each("ave_pool", y.size, x, *_window(x, geo), y)
        else:
            super().ave_pool(x, y, geo=geo)

    def ave_pool_backward(self, dy: Array, dx: Array, *, geo: PoolGeometry) -> None:
        if fits(dy, dx):
            self.kernels.each("ave_pool_backward", dx.size, dy, *_window(dx, geo), dx)
        else:
            super().ave_pool_backward(dy, dx, geo=geo)

    def stochastic_pool(self, x: Array, y: Array, mask: Array, *, geo: PoolGeometry, key: int, ordinal: int) -> None:
        if fits(x, y):
            self.kernels.each("stochastic_pool", y.size, x, *_window(x, geo), key, ordinal, self.later(), y, mask)
        else:
            super().stochastic_pool(x, y, mask, geo=geo, key=key, ordinal=ordinal)

    def stochastic_pool_test(self, x: Array, y: Array, *, geo: PoolGeometry) -> None:
        if fits(x, y):
            self.kernels.each("stochastic_pool_test", y.size, x, *_window(x, geo), y)
        else:
            super().stochastic_pool_test(x, y, geo=geo)

    def lrn_across(self, x: Array, y: Array, scale: Array, *, size: int, alpha: float, beta: float, k: float) -> None:
        if fits(x, y, scale):
            self.kernels.each("lrn_across", x.size, x, x.shape[1], prod(x.shape[2:]), size, alpha / size, beta, k, scale, y)
        else:
            super().lrn_across(x, y, scale, size=size, alpha=alpha, beta=beta, k=k)

    def lrn_across_backward(self, x: Array, y: Array, scale: Array, dy: Array, dx: Array, *, size: int, alpha: float, beta: float) -> None:
        if fits(x, y, scale, dy, dx):
            numbers = x.shape[1], prod(x.shape[2:]), size, alpha / size, beta
            self.kernels.each("lrn_across_backward", x.size, x, y, scale, dy, *numbers, dx)
        else:
            super().lrn_across_backward(x, y, scale, dy, dx, size=size, alpha=alpha, beta=beta)

    def lrn_within(self, x: Array, y: Array, scale: Array, *, size: int, alpha: float, beta: float) -> None:
        if fits(x, y, scale):
            self.kernels.each("lrn_within", x.size, x, *x.shape[2:], size, alpha / size**2, beta, scale, y)
        else:
            super().lrn_within(x, y, scale, size=size, alpha=alpha, beta=beta)

    def lrn_within_backward(self, x: Array, scale: Array, dy: Array, dx: Array, *, size: int, alpha: float, beta: float) -> None:
        if not fits(x, scale, dy, dx):
            super().lrn_within_backward(x, scale, dy, dx, size=size, alpha=alpha, beta=beta)
            return
        inner = self.scratch("lrn.shared", x.shape)
        self.kernels.each("lrn_within_inner", x.size, x, scale, dy, alpha / size**2, beta, inner)
        self.kernels.each("lrn_within_gather", x.size, x, scale, dy, inner, *x.shape[2:], size, beta, dx)


def _window(x: Array, geo: PoolGeometry) -> tuple[int, ...]:
    return (*x.shape[2:], *geo.out, *geo.kernel, *geo.stride, *geo.pad)
