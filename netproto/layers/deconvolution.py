from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from ..ops.geometry import Axes
from .base import LAYERS, count
from .base_convolution import BaseConvolution


@LAYERS.register("Deconvolution")
class Deconvolution(BaseConvolution):
    """The transpose of a convolution: each element of the bottom spreads over a window of the top.

    Shapes: (..., C, *spatial), all bottoms alike -> (..., num_output, *out), out = stride (size - 1) + dilation (kernel - 1) + 1 - 2 pad.
    Learned: weight (C, num_output / group, *kernel), bias (num_output).
    Formula: y[k] = bias[k] + the sum of weight[c, k] x[c] over the elements whose window holds the place.
    Caffe: src/caffe/layers/deconv_layer.cpp, base_conv_layer.cpp.
    Differences: none; engine chooses who computes on a GPU (docs/gpu.md), force_nd_im2col is ignored.
    """

    type = "Deconvolution"

    def weight_shape(self) -> Shape:
        return (self.channels, self.outputs // self.geometry.group, *self.geometry.kernel)

    def out_spatial(self, spatial: Axes) -> Axes:
        geo = self.geometry
        axes = zip(spatial, geo.kernel, geo.stride, geo.pad, geo.dilation, strict=True)
        return tuple(s * (size - 1) + d * (k - 1) + 1 - 2 * p for size, k, s, p, d in axes)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        for b, t in zip(bottom, top, strict=True):
            y = self.images(t.data)
            self.ops.conv_backward(None, self.blobs[0].data, self.images(b.data), y, None, None, geo=self.geometry)
            if self.bias is not None:
                self.ops.bias(_planes(y), self.bias, _planes(y))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        dw, db = self.param_diff(0), self.bias_diff
        for t, wanted, b in zip(top, propagate_down, bottom, strict=True):
            dy = self.images(t.diff)
            if db is not None:
                self.ops.bias_backward(_planes(dy), db)
            if dw is not None:
                self.ops.conv_backward(dy, self.blobs[0].data, self.images(b.data), None, dw, None, geo=self.geometry)
            if wanted:
                self.ops.conv(dy, self.blobs[0].data, None, self.images(b.diff), geo=self.geometry)

    def macs(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> int:
        return sum(count(shape) for shape in bottom) * count(self.weight_shape(), 1)


def _planes(images: Array) -> Array:
    """(images, channels, *spatial) seen as (images, channels, elements)."""
    return images.reshape(*images.shape[:2], count(images.shape, 2))
