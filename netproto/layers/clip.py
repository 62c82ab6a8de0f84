from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("Clip")
class Clip(Layer):
    """Keeps values within bounds.

    Shapes: any -> the same.
    Formula: y = max(min, min(x, max)); the gradient passes where min <= x <= max.
    Caffe: src/caffe/layers/clip_layer.cpp.
    Differences: in place the gradient passes where min < y < max; Caffe's passes everywhere then.
    """

    type = "Clip"
    in_place = True

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.clip_param
        for bound in ("min", "max"):
            self.require(param.HasField(bound), f"clip_param has no {bound}", field="clip_param", hint="Both min and max must be written")
        self.low, self.high = param.min, param.max

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.clip(bottom[0].data, top[0].data, low=self.low, high=self.high)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            closed = top[0] is not bottom[0]
            self.ops.clip_backward(bottom[0].data, top[0].diff, bottom[0].diff, low=self.low, high=self.high, closed=closed)
