from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from .base import LAYERS, Layer, count
from .base_convolution import read_geometry, require_output


@LAYERS.register("Im2col")
class Im2col(Layer):
    """The windows of a convolution, laid out as channels.

    Shapes: (..., C, *spatial) -> (..., C * kernel elements, *out), out as Convolution's.
    Formula: y[c, *tap] = x[c] at that tap of each window; 0 in the padding.
    Caffe: src/caffe/layers/im2col_layer.cpp.
    Differences: none; force_nd_im2col is ignored.
    """

    type = "Im2col"

    def setup(self, bottom: Sequence[Shape]) -> None:
        rank = len(bottom[0])
        self.axis = self.canonical_axis(self.message.convolution_param.axis, rank, "convolution_param.axis")
        self.require(self.axis < rank - 1, "there is no spatial axis behind the channels", field="convolution_param.axis")
        self.geometry = read_geometry(self, rank - self.axis - 1)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape, spatial = bottom[0], bottom[0][self.axis + 1 :]
        axes = len(self.geometry.kernel)
        self.require(len(spatial) == axes, f"it was set up for {axes} spatial axes, but the bottom is {shape}")
        out = self.geometry.out_shape(spatial)
        require_output(self, spatial, out)
        return [(*shape[: self.axis], shape[self.axis] * count(self.geometry.kernel), *out)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.im2col(self._images(bottom[0].data), self._images(top[0].data), geo=self.geometry)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.col2im(self._images(top[0].diff), self._images(bottom[0].diff), geo=self.geometry)

    def _images(self, array: Array) -> Array:
        return array.reshape(count(array.shape, 0, self.axis), *array.shape[self.axis :])
