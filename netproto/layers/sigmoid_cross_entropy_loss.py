from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Internal, count
from .loss import SCALAR, LossLayer, ignored_label, normalization, normalizer


@LAYERS.register("SigmoidCrossEntropyLoss")
class SigmoidCrossEntropyLoss(LossLayer):
    """Independent yes-or-no predictions.

    Shapes: scores (N, ...) and as many targets, each from 0 to 1. Top: the loss.
    Formula: with p = 1 / (1 + exp(-x)), loss = sum of -t log p - (1 - t) log(1 - p) / normalizer. The normalizer, at least 1, is by
        `loss_param.normalization`: BATCH_SIZE (default) N, VALID targets that are not `ignore_label`, FULL all targets, NONE 1. A
        target is compared with `ignore_label` after its fraction is dropped: ignore_label 0 leaves 0.5 out too.
    Caffe: src/caffe/layers/sigmoid_cross_entropy_loss_layer.cpp.
    Differences: none.
    """

    type = "SigmoidCrossEntropyLoss"

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.ignore = ignored_label(self.message.loss_param)
        self.normalization = normalization(self.message.loss_param, default="BATCH_SIZE")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require_same_batch(bottom)
        self.require(
            count(bottom[0]) == count(bottom[1]),
            f"{count(bottom[1])} targets, of shape {bottom[1]}, for {count(bottom[0])} scores, of shape {bottom[0]}",
            field="bottom[1]",
            hint="Each score wants one target",
        )
        return [SCALAR]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"prob": Internal(bottom[0]), "divisor": Internal(SCALAR)}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.sigmoid_cross_entropy_loss(
            bottom[0].data,
            bottom[1].data,
            self.internals["prob"],
            top[0].data,
            self.internals["divisor"],
            ignore=self.ignore,
            normalizer=normalizer(self.message.loss_param, self.normalization, losses=bottom[0].count, batch=bottom[0].shape[0]),
        )

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require_no_gradient(propagate_down)
        if propagate_down[0]:
            self.ops.sigmoid_cross_entropy_loss_backward(
                self.internals["prob"], bottom[1].data, top[0].diff, self.internals["divisor"], bottom[0].diff, ignore=self.ignore
            )
