from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Internal, count, exactly
from .loss import SCALAR, LossLayer


@LAYERS.register("ContrastiveLoss")
class ContrastiveLoss(LossLayer):
    """Similar pairs near, others at least a margin apart.

    Shapes: two bottoms of features (N, C), or (N, C, 1, 1), and N labels: not 0 for a similar pair, 0 for another. Top: the loss.
    Formula: loss = sum over the pairs / (2 N) of d**2 for a similar one, max(margin - d, 0)**2 for another, where d is the distance of
        its features; with `legacy_version` max(margin - d**2, 0). The gradient divides by d + 1e-4.
    Caffe: src/caffe/layers/contrastive_loss_layer.cpp.
    Differences: none.
    """

    type = "ContrastiveLoss"
    bottoms = exactly(3)
    no_gradient_bottoms = frozenset({2})

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        first, second, labels = bottom
        self.require_same_batch(bottom)
        for index, shape in enumerate((first, second)):
            self.require(
                count(shape, 1) == count(shape, 1, 2) == count(first, 1, 2),
                f"bottom {index} has the shape {shape}, but features (N, C) are wanted, with C = {count(first, 1, 2)} as in bottom 0",
                field=f"bottom[{index}]",
                hint="A Flatten or InnerProduct layer makes such features",
            )
        self.require(
            labels[:1] == first[:1] and count(labels, 1) == 1,
            f"bottom 2 has the shape {labels}, but one label for each of the {first[0]} pairs is wanted",
            field="bottom[2]",
        )
        return [SCALAR]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"diff": Internal((bottom[0][0], count(bottom[0], 1))), "squares": Internal(bottom[0][:1])}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        param = self.message.contrastive_loss_param
        first, second, label = (b.data for b in bottom)
        diff, squares = self.internals["diff"], self.internals["squares"]
        self.ops.contrastive_loss(
            first, second, label, diff, squares, top[0].data, margin=param.margin, legacy=param.legacy_version
        )

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require_no_gradient(propagate_down)
        param = self.message.contrastive_loss_param
        diff, squares, label = self.internals["diff"], self.internals["squares"], bottom[2].data
        for blob, wanted, sign in zip(bottom[:2], propagate_down[:2], (1, -1), strict=True):
            if wanted:
                self.ops.contrastive_loss_backward(
                    diff, squares, label, top[0].diff, blob.diff, margin=param.margin, legacy=param.legacy_version, sign=sign
                )
