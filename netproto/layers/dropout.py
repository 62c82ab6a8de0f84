from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, TRAIN, Internal, Layer


@LAYERS.register("Dropout")
class Dropout(Layer):
    """Sets elements to zero at random while training.

    Shapes: any -> the same.
    Formula: TRAIN: y = x * mask / (1 - dropout_ratio), each element of mask 0 with probability dropout_ratio, else 1. TEST: y = x.
    Caffe: src/caffe/layers/dropout_layer.cpp.
    Differences: the random numbers are not Caffe's; a run that is resumed draws what the uninterrupted one does.
    """

    type = "Dropout"
    in_place = True

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.ratio: float = self.message.dropout_param.dropout_ratio
        self.require(
            0 <= self.ratio < 1,
            f"dropout_ratio is {self.ratio:g}",
            field="dropout_param.dropout_ratio",
            hint="It is at least 0 and below 1",
        )

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"mask": Internal(bottom[0], "uint8")} if self.phase == TRAIN else {}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        if self.phase == TRAIN:
            key, ordinal = self.random.next()
            self.ops.dropout(bottom[0].data, top[0].data, self.internals["mask"], ratio=self.ratio, key=key, ordinal=ordinal)
        elif top[0] is not bottom[0]:
            self.ops.copy(bottom[0].data, top[0].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        if self.phase == TRAIN:
            self.ops.dropout_backward(top[0].diff, self.internals["mask"], bottom[0].diff, ratio=self.ratio)
        elif top[0] is not bottom[0]:
            self.ops.copy(top[0].diff, bottom[0].diff)
