from __future__ import annotations

from collections.abc import Sequence
from math import exp

from ..blob import Blob, Shape
from .base import LAYERS, Layer
from .bases import natural_log


@LAYERS.register("Exp")
class Exp(Layer):
    """A base to the power of a shifted and scaled input.

    Shapes: any -> the same.
    Formula: y = base ** (shift + scale * x); base -1 means e.
    Caffe: src/caffe/layers/exp_layer.cpp.
    Differences: none.
    """

    type = "Exp"
    in_place = True

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.exp_param
        log_base = natural_log(self, param.base, "exp_param.base")
        self.rate = log_base * param.scale
        self.factor = exp(log_base * param.shift)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.exp(bottom[0].data, top[0].data, rate=self.rate, factor=self.factor)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.exp_backward(top[0].data, top[0].diff, bottom[0].diff, rate=self.rate)
