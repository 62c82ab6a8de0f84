"""BatchNorm, Scale, Bias and PReLU on all cores, in as few passes over memory as their sums allow."""

from __future__ import annotations

from .cpu_kernels import batch_norm, channelwise, normal_chain
from .cpu_kernels.workers import Workers
from .reference.arrays import Array
from .reference.normal_chain import NormalChain


class CpuChannelwise(NormalChain):
    """The families of the same names. Small planes, and what is not wanted whole, are left to the portable operations."""

    workers: Workers

    def scale(self, x: Array, scale: Array, bias: Array | None, y: Array) -> None:
        if not _fit(x, y):
            super().scale(x, scale, bias, y)
            return
        channelwise.scale(self.workers, x, scale, self.xp.zeros_like(scale) if bias is None else bias, y)

    def scale_backward(self, x: Array | None, scale: Array, dy: Array, dx: Array | None, dscale: Array | None, dbias: Array | None) -> None:
        if x is None or dx is None or dscale is None or not _fit(x, dy, dx):
            super().scale_backward(x, scale, dy, dx, dscale, dbias)
            return
        products, sums = channelwise.scale_backward(self.workers, x, scale, dy, dx)
        dscale += products
        if dbias is not None:
            dbias += sums

    def bias(self, x: Array, bias: Array, y: Array) -> None:
        if not _fit(x, y):
            super().bias(x, bias, y)
            return
        channelwise.scale(self.workers, x, self.xp.ones_like(bias), bias, y)

    def bias_backward(self, dy: Array, dbias: Array) -> None:
        if not _fit(dy):
            super().bias_backward(dy, dbias)
            return
        dbias += channelwise.channel_sums(self.workers, dy)

    def prelu(self, x: Array, slope: Array, y: Array) -> None:
        if not _fit(x, y):
            super().prelu(x, slope, y)
            return
        channelwise.prelu(self.workers, x, slope, y)

    def prelu_backward(self, x: Array, slope: Array, dy: Array, dx: Array | None, dslope: Array | None) -> None:
        if dx is None or dslope is None or not _fit(x, dy, dx):
            super().prelu_backward(x, slope, dy, dx, dslope)
            return
        dslope += channelwise.prelu_backward(self.workers, x, slope, dy, dx)

    def batch_stats(self, x: Array, mean: Array, var: Array) -> None:
        if not _fit(x):
            super().batch_stats(x, mean, var)
            return
        batch_norm.batch_stats(self.workers, x, mean, var)

    def normalise(self, x: Array, mean: Array, var: Array, y: Array, *, eps: float) -> None:
        if not _fit(x, y):
            super().normalise(x, mean, var, y, eps=eps)
            return
        batch_norm.normalise(self.workers, x, mean, self._factor(var, eps), y)

    def normalise_backward(self, var: Array, dy: Array, dx: Array, *, eps: float) -> None:
        factor = self._factor(var, eps)
        self.scale(dy, factor, None, dx)

    def batch_norm_backward(self, x: Array, mean: Array, var: Array, dy: Array, dx: Array, *, eps: float) -> None:
        if not _fit(x, dy, dx):
            super().batch_norm_backward(x, mean, var, dy, dx, eps=eps)
            return
        batch_norm.batch_norm_backward(self.workers, x, mean, self._factor(var, eps), dy, dx)

    def normal_chain(
        self, x: Array, mean: Array, var: Array, scale: Array | None, shift: Array | None, y: Array, *, eps: float, slope: float
    ) -> None:
        if not _fit(x, y):
            super().normal_chain(x, mean, var, scale, shift, y, eps=eps, slope=slope)
            return
        scale = self.xp.ones_like(mean) if scale is None else scale
        shift = self.xp.zeros_like(mean) if shift is None else shift
        normal_chain.forward(self.workers, x, mean, var, scale, shift, y, eps, slope)

    def normal_chain_backward(
        self,
        x: Array,
        mean: Array,
        var: Array,
        scale: Array | None,
        y: Array,
        dy: Array,
        dx: Array,
        dscale: Array | None,
        dshift: Array | None,
        *,
        eps: float,
        slope: float,
    ) -> None:
        if not _fit(x, y, dy, dx):
            super().normal_chain_backward(x, mean, var, scale, y, dy, dx, dscale, dshift, eps=eps, slope=slope)
            return
        factor = self.xp.ones_like(mean) if scale is None else scale
        products, sums = normal_chain.backward(self.workers, x, mean, var, factor, y, dy, dx, eps, slope)
        if dscale is not None:
            dscale += products
        if dshift is not None:
            dshift += sums

    def _factor(self, var: Array, eps: float) -> Array:
        return self._inverse_std(var, eps)[:, 0].astype(var.dtype)


def _fit(*arrays: Array) -> bool:
    return arrays[0].shape[2] > 1 and all(a.dtype == "float32" and a.flags.c_contiguous for a in arrays)
