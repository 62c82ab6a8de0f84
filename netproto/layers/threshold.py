from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("Threshold")
class Threshold(Layer):
    """Whether each element lies above a threshold.

    Shapes: any -> the same.
    Formula: y = 1 where x > threshold, else 0. No gradient.
    Caffe: src/caffe/layers/threshold_layer.cpp.
    Differences: none.
    """

    type = "Threshold"
    in_place = True

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.threshold(bottom[0].data, top[0].data, threshold=self.message.threshold_param.threshold)
