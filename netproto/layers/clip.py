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
        self.require(self.message.HasField("clip_param"), "there is no clip_param", hint="Write clip_param { min: .. max: .. }")
        self.low, self.high = self.message.clip_param.min, self.message.clip_param.max

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.clip(bottom[0].data, top[0].data, low=self.low, high=self.high)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            closed = top[0] is not bottom[0]
            self.ops.clip_backward(bottom[0].data, top[0].diff, bottom[0].diff, low=self.low, high=self.high, closed=closed)
