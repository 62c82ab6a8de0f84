from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from .base import LAYERS, Internal, Layer, count


@LAYERS.register("MVN")
class MVN(Layer):
    """Each plane, or with across_channels each image, less its mean, and over its standard deviation.

    Shapes: (N, C, H, W), or fewer axes -> (N, C, H, W), axes that are missing being 1.
    Formula: y = (x - mean) / (sqrt(the mean of (x - mean)^2) + eps); y = x - mean with normalize_variance false.
    Caffe: src/caffe/layers/mvn_layer.cpp.
    Differences: the backward pass works in place, too. As Caffe's, it is exact only where eps is small beside the deviation.
    """

    type = "MVN"
    in_place = True

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape = bottom[0]
        self.require(len(shape) <= 4, f"the bottom can have 4 axes at most, but is {shape}")
        return [(*shape, *(1,) * (4 - len(shape)))]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"spread": Internal((self._rows(top[0]),))} if self.message.mvn_param.normalize_variance else {}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        x, y = self._by_row(bottom[0].data, top[0].data)
        self.ops.mvn(x, y, self.internals.get("spread"), eps=self.message.mvn_param.eps)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            y, dy, dx = self._by_row(top[0].data, top[0].diff, bottom[0].diff)
            self.ops.mvn_backward(y, self.internals.get("spread"), dy, dx)

    def _rows(self, shape: Shape) -> int:
        return count(shape, 0, 1 if self.message.mvn_param.across_channels else 2)

    def _by_row(self, *arrays: Array) -> list[Array]:
        return [array.reshape(self._rows(array.shape), -1) for array in arrays]
