from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..blob import Array, Blob, Shape
from ..ops.geometry import Axes, ConvGeometry
from ..schema.messages import enum_name
from . import same_padding
from .base import LAYERS, count
from .base_convolution import BaseConvolution


@LAYERS.register("Convolution")
class Convolution(BaseConvolution):
    """Windows of all channels times learned weights.

    Shapes: (..., C, *spatial), all bottoms alike -> (..., num_output, *out), where `axis` is that of the channels and
    out = (size + 2 pad - (dilation (kernel - 1) + 1)) / stride + 1, the quotient cut towards 0. netproto's: with pad_mode SAME
    out = size / stride, rounded up; the padding that this takes is parted between both ends, and the end has one more where it is odd.
    Learned: weight (num_output, C / group, *kernel), bias (num_output).
    Formula: y[k] = bias[k] + the sum over the window, and over the channels of k's group, of weight[k] x.
    Caffe: src/caffe/layers/conv_layer.cpp, base_conv_layer.cpp.
    Differences: none; engine chooses who computes on a GPU (docs/gpu.md), force_nd_im2col is ignored.
    """

    type = "Convolution"
    knows_same = True

    def weight_shape(self) -> Shape:
        return (self.outputs, self.channels // self.geometry.group, *self.geometry.kernel)

    def setup(self, bottom: Sequence[Shape]) -> None:
        super().setup(bottom)
        if self.pads_to_same:
            self.require(not any(self.geometry.pad), "pad_mode SAME says how much is padded; no pad", field="convolution_param.pad_mode")

    def out_spatial(self, spatial: Axes) -> Axes:
        if self.pads_to_same:
            return same_padding.windows(spatial, self.geometry.stride)
        return self.geometry.out_shape(spatial)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        for b, t in zip(bottom, top, strict=True):
            geometry, x = self._padded(self.images(b.data))
            self.ops.conv(x, self.blobs[0].data, self.bias, self.images(t.data), geo=geometry)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        dw, db = self.param_diff(0), self.bias_diff
        for t, wanted, b in zip(top, propagate_down, bottom, strict=True):
            geometry, x = self._padded(self.images(b.data))
            dx = self.images(b.diff) if wanted else None
            whole = dx if dx is None or x.shape == dx.shape else self.ops.scratch("padded_gradient", x.shape)
            self.ops.conv_backward(x, self.blobs[0].data, self.images(t.diff), whole, dw, db, geo=geometry)
            if dx is not None and whole is not dx:
                self.ops.crop(whole, dx, offset=(0,) * len(dx.shape))

    @property
    def pads_to_same(self) -> bool:
        return enum_name(self.message.convolution_param, "pad_mode") == "SAME"

    def _padded(self, x: Array) -> tuple[ConvGeometry, Array]:
        """The window with its padding, and the images: with zeros after the end of each axis that has more padding there than before."""
        if not self.pads_to_same:
            return self.geometry, x
        spatial = x.shape[2:]
        before, after = same_padding.padding(spatial, self.geometry.extent, self.geometry.stride)
        whole = tuple(n + b - a for n, a, b in zip(spatial, before, after, strict=True))
        geometry = replace(self.geometry, pad=before)
        if whole == spatial:
            return geometry, x
        padded = self.ops.scratch("padded", (*x.shape[:2], *whole))
        self.ops.crop_backward(x, padded, offset=(0,) * len(x.shape))
        return geometry, padded

    def macs(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> int:
        return sum(count(shape) for shape in top) * count(self.weight_shape(), 1)
