from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("BNLL")
class BNLL(Layer):
    """Binomial normal log likelihood, also known as softplus.

    Shapes: any -> the same.
    Formula: y = log(1 + exp(x)).
    Caffe: src/caffe/layers/bnll_layer.cpp.
    Differences: the gradient is computed from y, so it is right in place too, where Caffe's is not.
    """

    type = "BNLL"
    in_place = True

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.bnll(bottom[0].data, top[0].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.bnll_backward(top[0].data, top[0].diff, bottom[0].diff)
