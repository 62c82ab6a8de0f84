from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..blob import Array, Blob, Shape
from ..ops.geometry import Axes, ConvGeometry
from ..schema.messages import enum_name
from . import same_padding, sided_padding
from .base import LAYERS, count
from .base_convolution import BaseConvolution
from .sided_padding import Sides


@LAYERS.register("Convolution")
class Convolution(BaseConvolution):
    """Windows of all channels times learned weights.

    Shapes: (..., C, *spatial), all bottoms alike -> (..., num_output, *out), where `axis` is that of the channels and
    out = (size + 2 pad - (dilation (kernel - 1) + 1)) / stride + 1, the quotient cut towards 0. netproto's: with pad_mode SAME
    out = size / stride, rounded up; the padding that this takes is parted between both ends, and the end has one more where it is odd.
    Forks (Synopsys): pad_t, pad_l, pad_b, pad_r in the place of pad say how much is padded on each side of a plane.
    Learned: weight (num_output, C / group, *kernel), bias (num_output).
    Formula: y[k] = bias[k] + the sum over the window, and over the channels of k's group, of weight[k] x.
    Caffe: src/caffe/layers/conv_layer.cpp, base_conv_layer.cpp.
    Differences: none; engine chooses who computes on a GPU (docs/gpu.md), force_nd_im2col is ignored.
    """

    type = "Convolution"
    knows_same = True
    sides: Sides | None = None

    def weight_shape(self) -> Shape:
        return (self.outputs, self.channels // self.geometry.group, *self.geometry.kernel)

    def setup(self, bottom: Sequence[Shape]) -> None:
        super().setup(bottom)
        self.sides = sided_padding.read(self, "convolution_param")
        if self.sides:
            axes = len(self.geometry.kernel)
            self.require(axes == 2, f"pad_t and its like are for 2 spatial axes, not {axes}", field="convolution_param", hint="Use pad")
        if self.pads_to_same:
            self.require(not any(self.geometry.pad), "pad_mode SAME says how much is padded; no pad", field="convolution_param.pad_mode")

    def out_spatial(self, spatial: Axes) -> Axes:
        if self.pads_to_same:
            return same_padding.windows(spatial, self.geometry.stride)
        sides = self._sides(spatial)
        return self._window(sides).out_shape(sides.widened(spatial)) if sides else self.geometry.out_shape(spatial)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        for b, t in zip(bottom, top, strict=True):
            geometry, seen = self._seen(b)
            self.ops.conv(seen, self.blobs[0].data, self.bias, self.images(t.data), geo=geometry)

    def forward_rectified(self, bottom: Blob, top: Blob, slope: float) -> None:
        """The forward pass, and that of the ReLU that follows it in place."""
        geometry, seen = self._seen(bottom)
        self.ops.rectified_conv(seen, self.blobs[0].data, self.bias, self.images(top.data), geo=geometry, slope=slope)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        dw, db = self.param_diff(0), self.bias_diff
        for t, wanted, b in zip(top, propagate_down, bottom, strict=True):
            x, dx = self.images(b.data), self.images(b.diff) if wanted else None
            sides = self._sides(x.shape[2:])
            seen = sides.widen(self.ops, x) if sides else x
            whole = dx if dx is None or sides is None else sides.gradient(self.ops, dx)
            self.ops.conv_backward(seen, self.blobs[0].data, self.images(t.diff), whole, dw, db, geo=self._window(sides))
            if sides and dx is not None:
                sides.narrow(self.ops, whole, dx)

    @property
    def pads_to_same(self) -> bool:
        return enum_name(self.message.convolution_param, "pad_mode") == "SAME"

    @property
    def is_lopsided(self) -> bool:
        """Whether there may be more padding on one side than on the other."""
        return self.pads_to_same or self.sides is not None

    def _seen(self, bottom: Blob) -> tuple[ConvGeometry, Array]:
        """The window, and the images with the padding that it does not know of."""
        x = self.images(bottom.data)
        sides = self._sides(x.shape[2:])
        return self._window(sides), sides.widen(self.ops, x) if sides else x

    def _sides(self, spatial: Axes) -> Sides | None:
        """The padding of images of these extents; None where the geometry says it."""
        if self.pads_to_same:
            return Sides(*same_padding.padding(spatial, self.geometry.extent, self.geometry.stride))
        return self.sides

    def _window(self, sides: Sides | None) -> ConvGeometry:
        return replace(self.geometry, pad=sides.common) if sides else self.geometry

    def macs(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> int:
        return sum(count(shape) for shape in top) * count(self.weight_shape(), 1)
