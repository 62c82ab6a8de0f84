from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, at_least


@LAYERS.register("Split")
class Split(Layer):
    """One blob for several readers. The Net puts one in wherever a top is read more than once.

    Shapes: any -> the same for every top.
    Formula: y[i] = x without a copy; dx = the sum of dy[i].
    Caffe: src/caffe/layers/split_layer.cpp.
    Differences: none.
    """

    type = "Split"
    tops = at_least(1)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom) * len(self.message.top)

    def data_views(self) -> dict[int, int]:
        return dict.fromkeys(range(len(self.message.top)), 0)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        pass

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.eltwise_sum([t.diff for t in top], bottom[0].diff)
