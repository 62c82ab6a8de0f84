from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, at_least, exactly


@LAYERS.register("Silence")
class Silence(Layer):
    """Takes blobs that nobody reads, so that they are no outputs of the net.

    Shapes: any -> nothing.
    Formula: dx = 0.
    Caffe: src/caffe/layers/silence_layer.cpp.
    Differences: none.
    """

    type = "Silence"
    bottoms = at_least(1)
    tops = exactly(0)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return []

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        pass

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for blob, wanted in zip(bottom, propagate_down, strict=True):
            if wanted:
                self.ops.fill(blob.diff, 0)
