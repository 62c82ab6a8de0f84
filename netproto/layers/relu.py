from __future__ import annotations

from collections.abc import Sequence
from math import inf

from ..blob import Blob, Shape
from .base import LAYERS, Layer

MOST = 6.0
"""Where a bounded ReLU ends."""


@LAYERS.register("ReLU")
class ReLU(Layer):
    """Rectified linear unit, leaky where negative_slope is not 0, bounded where forks write relu6.

    Shapes: any -> the same.
    Formula: y = max(x, 0) + negative_slope * min(x, 0); with relu6 y is 6 at most, and the gradient passes below 6.
    Caffe: src/caffe/layers/relu_layer.cpp.
    Differences: in place with a negative slope below 0, the backward pass is refused; Caffe's gives a wrong gradient.
    """

    type = "ReLU"
    in_place = True

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.slope: float = self.message.relu_param.negative_slope
        self.bounded: bool = self.message.relu_param.relu6

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.relu(bottom[0].data, top[0].data, slope=self.slope)
        if self.bounded:
            self.ops.clip(top[0].data, top[0].data, low=-inf, high=MOST)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        if self.slope < 0:
            self.refuse_in_place(bottom[0], top[0], f"negative_slope {self.slope:g}", "relu_param.negative_slope")
        x, dx = bottom[0].data, bottom[0].diff
        self.ops.relu_backward(x, top[0].diff, dx, slope=self.slope)
        if self.bounded:
            self.ops.clip_backward(x, dx, dx, low=-inf, high=MOST, closed=False)
