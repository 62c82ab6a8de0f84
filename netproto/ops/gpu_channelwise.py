"""Scale, Bias and PReLU on a GPU; sums by a block for each channel, in a fixed order."""

from __future__ import annotations

from .gpu_arrays import fits
from .gpu_batch_norm import GpuBatchNorm
from .gpu_convolution import GpuConvolution
from .reference.arrays import Array


class GpuChannelwise(GpuBatchNorm, GpuConvolution):
    """The families of the same names."""

    def scale(self, x: Array, scale: Array, bias: Array | None, y: Array) -> None:
        if fits(x, scale, bias, y):
            self.kernels.each("scale_bias", x.size, x, scale, bias, *x.shape[1:], y)
        else:
            super().scale(x, scale, bias, y)

    def scale_backward(self, x: Array | None, scale: Array, dy: Array, dx: Array | None, dscale: Array | None, dbias: Array | None) -> None:
        if not fits(x, scale, dy, dx, dscale, dbias):
            super().scale_backward(x, scale, dy, dx, dscale, dbias)
            return
        if dbias is not None:
            self.add_channel_sums(dy, None, dbias)
        if dscale is not None:
            self.add_channel_sums(dy, x, dscale)
        if dx is not None:
            self.kernels.each("scale_bias", dy.size, dy, scale, None, *dy.shape[1:], dx)

    def bias(self, x: Array, bias: Array, y: Array) -> None:
        if fits(x, bias, y):
            self.kernels.each("scale_bias", x.size, x, None, bias, *x.shape[1:], y)
        else:
            super().bias(x, bias, y)

    def bias_backward(self, dy: Array, dbias: Array) -> None:
        if fits(dy, dbias):
            self.add_channel_sums(dy, None, dbias)
        else:
            super().bias_backward(dy, dbias)

    def prelu(self, x: Array, slope: Array, y: Array) -> None:
        if fits(x, slope, y):
            self.kernels.each("prelu", x.size, x, slope, *x.shape[1:], y)
        else:
            super().prelu(x, slope, y)

    def prelu_backward(self, x: Array, slope: Array, dy: Array, dx: Array | None, dslope: Array | None) -> None:
        if not fits(x, slope, dy, dx, dslope):
            super().prelu_backward(x, slope, dy, dx, dslope)
            return
        outer, channels, inner = x.shape
        if dslope is not None:
            self.kernels.blocks("prelu_add_slopes", channels, channels, outer, inner, x, dy, dslope)
        if dx is not None:
            self.kernels.each("prelu_backward", x.size, x, dy, slope, channels, inner, dx)
