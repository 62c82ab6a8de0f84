from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("ReLU")
class ReLU(Layer):
    """Rectified linear unit, leaky where negative_slope is not 0.

    Shapes: any -> the same.
    Formula: y = max(x, 0) + negative_slope * min(x, 0).
    Caffe: src/caffe/layers/relu_layer.cpp.
    Differences: in place with a negative slope below 0, the backward pass is refused; Caffe's gives a wrong gradient.
    """

    type = "ReLU"
    in_place = True

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.relu(bottom[0].data, top[0].data, slope=self.message.relu_param.negative_slope)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        slope = self.message.relu_param.negative_slope
        if slope < 0:
            self.refuse_in_place(bottom[0], top[0], f"negative_slope {slope:g}", "relu_param.negative_slope")
        self.ops.relu_backward(bottom[0].data, top[0].diff, bottom[0].diff, slope=slope)
