from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Internal, Layer


@LAYERS.register("Swish")
class Swish(Layer):
    """An input times its own sigmoid.

    Shapes: any -> the same.
    Formula: y = x / (1 + exp(-beta * x)).
    Caffe: src/caffe/layers/swish_layer.cpp.
    Differences: none.
    """

    type = "Swish"
    in_place = True

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"sigmoid": Internal(bottom[0])}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.swish(bottom[0].data, self.internals["sigmoid"], top[0].data, beta=self.message.swish_param.beta)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            beta = self.message.swish_param.beta
            self.ops.swish_backward(top[0].data, self.internals["sigmoid"], top[0].diff, bottom[0].diff, beta=beta)
