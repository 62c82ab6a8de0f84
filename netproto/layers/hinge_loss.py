from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from ..schema import messages
from .base import LAYERS, Internal, count
from .labels import as_rows, check_labels, require_label_an_item
from .loss import SCALAR, LossLayer


@LAYERS.register("HingeLoss")
class HingeLoss(LossLayer):
    """One against all, with a margin of 1.

    Shapes: scores (N, ...), whose C elements of an item are its classes, and N labels in 0..C-1. Top: the loss.
    Formula: with the margin m = max(0, 1 - x) at the label and max(0, 1 + x) elsewhere, loss = sum m / N, or sum m**2 / N with `norm: L2`.
    Caffe: src/caffe/layers/hinge_loss_layer.cpp.
    Differences: a label that is no class is an error; Caffe writes beyond the array.
    """

    type = "HingeLoss"

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.squared = messages.enum_name(self.message.hinge_loss_param, "norm") == "L2"

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require_same_batch(bottom)
        require_label_an_item(self, bottom)
        return [SCALAR]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"margin": Internal((bottom[0][0], count(bottom[0], 1)))}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        scores = as_rows(bottom[0].data)
        check_labels(self, 1, bottom[1], scores.shape[1])
        self.ops.hinge_loss(scores, bottom[1].data, self.internals["margin"], top[0].data, squared=self.squared)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require_no_gradient(propagate_down)
        if propagate_down[0]:
            dx: Array = as_rows(bottom[0].diff)
            self.ops.hinge_loss_backward(self.internals["margin"], bottom[1].data, top[0].diff, dx, squared=self.squared)
