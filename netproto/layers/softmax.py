from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer
from .labels import class_axis


@LAYERS.register("Softmax")
class Softmax(Layer):
    """Scores to probabilities.

    Shapes: one bottom, one top of its shape. `softmax_param.axis` (default 1) holds the classes.
    Formula: y = exp(x - max x) / sum exp(x - max x), along the axis.
    Caffe: src/caffe/layers/softmax_layer.cpp.
    Differences: none; `engine` changes nothing.
    """

    type = "Softmax"
    in_place = True

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.axis_of(bottom[0])
        return [bottom[0]]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.softmax(bottom[0].data, top[0].data, axis=self.axis_of(top[0].shape))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.softmax_backward(top[0].data, top[0].diff, bottom[0].diff, axis=self.axis_of(top[0].shape))

    def axis_of(self, scores: Shape) -> int:
        """The axis of the classes, counted from the front."""
        return class_axis(self, scores, self.message.softmax_param.axis, "softmax_param.axis")
