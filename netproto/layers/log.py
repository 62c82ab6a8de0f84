from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer
from .bases import natural_log


@LAYERS.register("Log")
class Log(Layer):
    """The logarithm of a shifted and scaled input.

    Shapes: any -> the same.
    Formula: y = log(shift + scale * x) to the base `base`; base -1 means e.
    Caffe: src/caffe/layers/log_layer.cpp.
    Differences: the gradient is computed from y, so it is right in place too, where Caffe's is not.
    """

    type = "Log"
    in_place = True

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.log_param
        self.log_base = natural_log(self, param.base, "log_param.base")
        self.require(self.log_base != 0, "there is no logarithm to the base 1", field="log_param.base")
        self.scale, self.shift = param.scale, param.shift

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.log(bottom[0].data, top[0].data, scale=self.scale, shift=self.shift, log_base=self.log_base)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.log_backward(top[0].data, top[0].diff, bottom[0].diff, scale=self.scale, log_base=self.log_base)
