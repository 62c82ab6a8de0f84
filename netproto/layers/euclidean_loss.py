"""EuclideanLoss: half the mean squared distance."""

from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Internal, count
from .loss import SCALAR, LossLayer


@LAYERS.register("EuclideanLoss")
class EuclideanLoss(LossLayer):
    """Shapes: two bottoms (N, ...) with equally many elements for each of the N items. Top: the loss.
    Formula: loss = sum (a - b)**2 / (2 N).
    Caffe: src/caffe/layers/euclidean_loss_layer.cpp.
    Differences: none. Both bottoms get a gradient.
    """

    type = "EuclideanLoss"
    no_gradient_bottoms = frozenset()

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require_same_batch(bottom)
        self.require(
            count(bottom[0], 1) == count(bottom[1], 1),
            f"bottoms of the shapes {bottom[0]} and {bottom[1]} hold {count(bottom[0], 1)} and {count(bottom[1], 1)} elements for an item",
            field="bottom",
            hint="Both want equally many",
        )
        return [SCALAR]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"diff": Internal(bottom[0])}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.euclidean_loss(bottom[0].data, bottom[1].data, self.internals["diff"], top[0].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for blob, wanted, sign in zip(bottom, propagate_down, (1, -1), strict=True):
            if wanted:
                self.ops.euclidean_loss_backward(self.internals["diff"], top[0].diff, blob.diff, sign=sign)
