from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("Sigmoid")
class Sigmoid(Layer):
    """Logistic sigmoid.

    Shapes: any -> the same.
    Formula: y = 1 / (1 + exp(-x)).
    Caffe: src/caffe/layers/sigmoid_layer.cpp.
    Differences: none.
    """

    type = "Sigmoid"
    in_place = True

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.sigmoid(bottom[0].data, top[0].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.sigmoid_backward(top[0].data, top[0].diff, bottom[0].diff)
