"""BatchNorm on a GPU, alone and with the Scale and the ReLU behind it; sums by a block for each channel, in a fixed order."""

from __future__ import annotations

from .gpu_arrays import GpuArrays, fits
from .reference.arrays import Array


class GpuBatchNorm(GpuArrays):
    """The families of batch norm and its chains."""

    def batch_stats(self, x: Array, mean: Array, var: Array) -> None:
        if fits(x, mean, var):
            outer, channels, inner = x.shape
            self.kernels.blocks("batch_stats", channels, channels, outer, inner, x, mean, var)
        else:
            super().batch_stats(x, mean, var)

    def running_stats(
        self, mean: Array, var: Array, mean_sum: Array, var_sum: Array, factor: Array, *, fraction: float, correction: float
    ) -> None:
        if fits(mean, var, mean_sum, var_sum, factor):
            self.kernels.each("running_stats", mean.size, mean, var, fraction, correction, mean_sum, var_sum, factor)
        else:
            super().running_stats(mean, var, mean_sum, var_sum, factor, fraction=fraction, correction=correction)

    def moving_average(self, newest: Array, gathered: Array, *, fraction: float) -> None:
        if fits(newest, gathered):
            self.kernels.each("moving_average", newest.size, newest, fraction, gathered)
        else:
            super().moving_average(newest, gathered, fraction=fraction)

    def global_stats(self, mean_sum: Array, var_sum: Array, factor: Array, mean: Array, var: Array) -> None:
        if fits(mean_sum, var_sum, factor, mean, var):
            self.kernels.each("global_stats", mean.size, mean_sum, var_sum, factor, mean, var)
        else:
            super().global_stats(mean_sum, var_sum, factor, mean, var)

    def normalise(self, x: Array, mean: Array, var: Array, y: Array, *, eps: float) -> None:
        if fits(x, mean, var, y):
            self.kernels.each("normalise", x.size, x, mean, var, eps, *x.shape[1:], y)
        else:
            super().normalise(x, mean, var, y, eps=eps)

    def normalise_backward(self, var: Array, dy: Array, dx: Array, *, eps: float) -> None:
        if fits(var, dy, dx):
            self.kernels.each("normalise", dy.size, dy, None, var, eps, *dy.shape[1:], dx)
        else:
            super().normalise_backward(var, dy, dx, eps=eps)

    def batch_norm_backward(self, x: Array, mean: Array, var: Array, dy: Array, dx: Array, *, eps: float) -> None:
        if not fits(x, mean, var, dy, dx):
            super().batch_norm_backward(x, mean, var, dy, dx, eps=eps)
            return
        outer, channels, inner = x.shape
        level, tilt = self.scratch("batch_norm.level", (channels,)), self.scratch("batch_norm.tilt", (channels,))
        self.kernels.blocks("batch_norm_slopes", channels, channels, outer, inner, x, mean, var, eps, dy, level, tilt)
        self.kernels.each("batch_norm_backward", x.size, x, mean, var, eps, level, tilt, dy, channels, inner, dx)

    def normal_chain(
        self, x: Array, mean: Array, var: Array, scale: Array | None, shift: Array | None, y: Array, *, eps: float, slope: float
    ) -> None:
        if not fits(x, mean, var, scale, shift, y):
            super().normal_chain(x, mean, var, scale, shift, y, eps=eps, slope=slope)
            return
        self.batch_stats(x, mean, var)
        self.kernels.each("normal_chain", x.size, x, mean, var, eps, scale, shift, slope, *x.shape[1:], y)

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
        if not fits(x, mean, var, scale, y, dy, dx, dscale, dshift):
            super().normal_chain_backward(x, mean, var, scale, y, dy, dx, dscale, dshift, eps=eps, slope=slope)
            return
        outer, channels, inner = x.shape
        level, tilt = self.scratch("batch_norm.level", (channels,)), self.scratch("batch_norm.tilt", (channels,))
        counts, normal = (channels, outer, inner), (x, mean, var, eps)
        self.kernels.blocks("normal_chain_slopes", channels, *counts, *normal, slope, y, dy, level, tilt, dscale, dshift)
        self.kernels.each("normal_chain_backward", x.size, *normal, scale, slope, y, level, tilt, dy, channels, inner, dx)
