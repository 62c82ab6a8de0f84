from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("ELU")
class ELU(Layer):
    """Exponential linear unit.

    Shapes: any -> the same.
    Formula: y = x where x > 0, else alpha * (exp(x) - 1).
    Caffe: src/caffe/layers/elu_layer.cpp.
    Differences: in place with an alpha below 0, the backward pass is refused; Caffe's gives a wrong gradient.
    """

    type = "ELU"
    in_place = True

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.elu(bottom[0].data, top[0].data, alpha=self.message.elu_param.alpha)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        alpha = self.message.elu_param.alpha
        if alpha < 0:
            self.refuse_in_place(bottom[0], top[0], f"alpha {alpha:g}", "elu_param.alpha")
        self.ops.elu_backward(bottom[0].data, top[0].data, top[0].diff, bottom[0].diff, alpha=alpha)
