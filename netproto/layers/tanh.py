from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("TanH")
class TanH(Layer):
    """Hyperbolic tangent.

    Shapes: any -> the same.
    Formula: y = tanh(x).
    Caffe: src/caffe/layers/tanh_layer.cpp.
    Differences: none.
    """

    type = "TanH"
    in_place = True

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.tanh(bottom[0].data, top[0].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.tanh_backward(top[0].data, top[0].diff, bottom[0].diff)
