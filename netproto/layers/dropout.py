from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from .base import LAYERS, TRAIN, Internal, Layer


@LAYERS.register("Dropout")
class Dropout(Layer):
    """Sets elements to zero at random while training.

    Shapes: any -> the same.
    Formula: TRAIN: y = x * mask / (1 - dropout_ratio), each element of mask 0 with probability dropout_ratio, else 1. TEST: y = x.
        Forks: scale_train false: TRAIN: y = x * mask, TEST: y = x * (1 - dropout_ratio). sample_weights_test: TEST as TRAIN.
    Caffe: src/caffe/layers/dropout_layer.cpp.
    Differences: the random numbers are not Caffe's; a run that is resumed draws what the uninterrupted one does.
    """

    type = "Dropout"
    in_place = True

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.dropout_param
        self.ratio: float = param.dropout_ratio
        self.require(
            0 <= self.ratio < 1,
            f"dropout_ratio is {self.ratio:g}",
            field="dropout_param.dropout_ratio",
            hint="It is at least 0 and below 1",
        )
        self.drops: bool = self.phase == TRAIN or param.sample_weights_test
        self.factor = 1.0 if param.scale_train else 1 - self.ratio

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"mask": Internal(bottom[0], "uint8")} if self.drops else {}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        x, y = bottom[0].data, top[0].data
        if self.drops:
            key, ordinal = self.random.next()
            self.ops.dropout(x, y, self.internals["mask"], ratio=self.ratio, key=key, ordinal=ordinal)
            x = y
        self._scale(x, y)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        dy, dx = top[0].diff, bottom[0].diff
        if self.drops:
            self.ops.dropout_backward(dy, self.internals["mask"], dx, ratio=self.ratio)
            dy = dx
        self._scale(dy, dx)

    def _scale(self, x: Array, y: Array) -> None:
        """y = factor * x, where that changes y."""
        if x is not y or self.factor != 1:
            self.ops.multiply(x, y, factor=self.factor)
