from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..ops.geometry import Axes
from .base import LAYERS, count
from .base_convolution import BaseConvolution


@LAYERS.register("Convolution")
class Convolution(BaseConvolution):
    """Windows of all channels times learned weights.

    Shapes: (..., C, *spatial), all bottoms alike -> (..., num_output, *out), where `axis` is that of the channels and
    out = (size + 2 pad - (dilation (kernel - 1) + 1)) / stride + 1, the quotient cut towards 0.
    Learned: weight (num_output, C / group, *kernel), bias (num_output).
    Formula: y[k] = bias[k] + the sum over the window, and over the channels of k's group, of weight[k] x.
    Caffe: src/caffe/layers/conv_layer.cpp, base_conv_layer.cpp.
    Differences: none; engine and force_nd_im2col choose between ways to the same numbers and are ignored.
    """

    type = "Convolution"

    def weight_shape(self) -> Shape:
        return (self.outputs, self.channels // self.geometry.group, *self.geometry.kernel)

    def out_spatial(self, spatial: Axes) -> Axes:
        return self.geometry.out_shape(spatial)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        bias = self.bias.data if self.bias else None
        for b, t in zip(bottom, top, strict=True):
            self.ops.conv(self.images(b.data), self.blobs[0].data, bias, self.images(t.data), geo=self.geometry)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        dw, db = self.param_diff(0), self.param_diff(1)
        for t, wanted, b in zip(top, propagate_down, bottom, strict=True):
            dx = self.images(b.diff) if wanted else None
            self.ops.conv_backward(self.images(b.data), self.blobs[0].data, self.images(t.diff), dx, dw, db, geo=self.geometry)

    def macs(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> int:
        return sum(count(shape) for shape in top) * count(self.weight_shape(), 1)
