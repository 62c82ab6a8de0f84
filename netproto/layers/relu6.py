from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer

MOST = 6.0


@LAYERS.register("ReLU6")
class ReLU6(Layer):
    """Rectified linear unit that ends at 6.

    Shapes: any -> the same.
    Formula: y = min(max(x, 0), 6); the gradient passes where 0 < x < 6.
    Caffe: none; src/caffe/layers/relu6_layer.cpp of forks that train MobileNets.
    Differences: relu6_param is not known, so there is no negative slope.
    """

    type = "ReLU6"
    in_place = True

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.clip(bottom[0].data, top[0].data, low=0.0, high=MOST)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.clip_backward(bottom[0].data, top[0].diff, bottom[0].diff, low=0.0, high=MOST, closed=False)
