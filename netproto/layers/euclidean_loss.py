from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob
from .base import LAYERS
from .distance_loss import DistanceLoss


@LAYERS.register("EuclideanLoss")
class EuclideanLoss(DistanceLoss):
    """Half the mean squared distance.

    Shapes: two bottoms (N, ...) with equally many elements for each of the N items. Top: the loss.
    Formula: loss = sum (a - b)**2 / (2 N).
    Caffe: src/caffe/layers/euclidean_loss_layer.cpp.
    Differences: none. Both bottoms get a gradient.
    """

    type = "EuclideanLoss"

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.euclidean_loss(bottom[0].data, bottom[1].data, self.internals["diff"], top[0].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for blob, wanted, sign in zip(bottom, propagate_down, (1, -1), strict=True):
            if wanted:
                self.ops.euclidean_loss_backward(self.internals["diff"], top[0].diff, blob.diff, sign=sign)
