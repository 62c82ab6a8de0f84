from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Arity, Layer, exactly
from .labels import check_labels, class_axis, require_label_each
from .loss import SCALAR, ignored_label


@LAYERS.register("Accuracy")
class Accuracy(Layer):
    """How often the label is among the best predictions.

    Shapes: scores with C classes on `accuracy_param.axis` (default 1), and one label in 0..C-1 for each prediction. Tops: the
        accuracy, and optionally the accuracy of each class (C).
    Formula: the share of predictions whose label has fewer than `top_k` (default 1) other classes that score as high or higher. A tie
        counts against the prediction: constant scores give 0. Labels equal to `ignore_label` are left out; a class without a label gives 0.
    Caffe: src/caffe/layers/accuracy_layer.cpp, at HEAD. Caffe 1.0 let ties go to the higher class.
    Differences: a label that is no class is an error; asked for a gradient (by force_backward), it gives 0, where Caffe ends.
    """

    type = "Accuracy"
    bottoms = exactly(2)
    tops = Arity(1, 2)

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.top_k: int = self.message.accuracy_param.top_k
        self.ignore = ignored_label(self.message.accuracy_param)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        axis = self._axis(bottom[0])
        require_label_each(self, bottom, axis)
        classes = bottom[0][axis]
        self.require(
            self.top_k <= classes,
            f"top_k is {self.top_k}, but there are {classes} classes: axis {axis} of bottom 0, whose shape is {bottom[0]}",
            field="accuracy_param.top_k",
        )
        return [SCALAR, (classes,)][: len(self.message.top)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        axis = self._axis(bottom[0].shape)
        check_labels(self, 1, bottom[1], bottom[0].shape[axis], self.ignore)
        self.ops.accuracy(
            bottom[0].data,
            bottom[1].data,
            top[0].data,
            top[1].data if len(top) == 2 else None,
            axis=axis,
            top_k=self.top_k,
            ignore=self.ignore,
        )

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for blob, wanted in zip(bottom, propagate_down, strict=True):
            if wanted:
                self.ops.fill(blob.diff, 0)

    def _axis(self, scores: Shape) -> int:
        return class_axis(self, scores, self.message.accuracy_param.axis, "accuracy_param.axis")
