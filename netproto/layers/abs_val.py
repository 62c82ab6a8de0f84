from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("AbsVal")
class AbsVal(Layer):
    """Absolute value.

    Shapes: any -> the same.
    Formula: y = |x|; the gradient at 0 is 0.
    Caffe: src/caffe/layers/absval_layer.cpp.
    Differences: none.
    """

    type = "AbsVal"

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.absolute(bottom[0].data, top[0].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.absolute_backward(bottom[0].data, top[0].diff, bottom[0].diff)
