from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS
from .labels import as_rows, check_labels, require_label_an_item
from .loss import SCALAR, LossLayer


@LAYERS.register("MultinomialLogisticLoss")
class MultinomialLogisticLoss(LossLayer):
    """The cross entropy of probabilities that are given.

    Shapes: probabilities (N, ...), whose C elements of an item are its classes, and N labels in 0..C-1. Top: the loss.
    Formula: loss = sum over the labels l of -log(max(p[l], 1e-20)) / N.
    Caffe: src/caffe/layers/multinomial_logistic_loss_layer.cpp.
    Differences: a label that is no class is an error; Caffe reads beyond the array.
    """

    type = "MultinomialLogisticLoss"

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require_same_batch(bottom)
        require_label_an_item(self, bottom)
        return [SCALAR]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        prob = as_rows(bottom[0].data)
        check_labels(self, 1, bottom[1], prob.shape[1])
        self.ops.multinomial_loss(prob, bottom[1].data, top[0].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require_no_gradient(propagate_down)
        if propagate_down[0]:
            self.ops.multinomial_loss_backward(as_rows(bottom[0].data), bottom[1].data, top[0].diff, as_rows(bottom[0].diff))
