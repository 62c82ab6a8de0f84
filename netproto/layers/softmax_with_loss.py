from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from .base import LAYERS, Arity, Internal, count
from .labels import check_labels, class_axis, require_label_each
from .loss import SCALAR, LossLayer, ignored_label, normalization, normalizer


@LAYERS.register("SoftmaxWithLoss")
class SoftmaxWithLoss(LossLayer):
    """The cross entropy of a softmax.

    Shapes: scores with C classes on `softmax_param.axis` (default 1), and one label in 0..C-1 for each prediction, in any shape with
        the same first extent. Tops: the loss, and optionally the probabilities, of the scores' shape.
    Formula: loss = sum over the labels l of -log(max(softmax(x)[l], FLT_MIN)) / normalizer, so at most 87.3365 each. The normalizer, at
        least 1, is by `loss_param.normalization`: VALID (default) labels that are not `ignore_label`, FULL all labels, BATCH_SIZE the
        extents before the class axis, NONE 1, PRE_FIXED (R-FCN) pre_fixed_normalizer; the old `normalize` is VALID if true, BATCH_SIZE if
        false. With `weight_by_label_freqs` (SegNet) each loss is multiplied by its label's `class_weighting`, and the normalizer stays.
    Caffe: src/caffe/layers/softmax_loss_layer.cpp; for SegNet's weights that of alexgkendall/caffe-segnet.
    Differences: a label that is no class is an error; Caffe reads beyond the array. No gradient flows through the second top, as in Caffe.
    """

    type = "SoftmaxWithLoss"
    tops = Arity(1, 2)

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.ignore = ignored_label(self.message.loss_param)
        self.normalization = normalization(self.message.loss_param)
        self._class_weights: Array = None

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require_same_batch(bottom)
        axis = self._axis(bottom[0])
        require_label_each(self, bottom, axis)
        loss = self.message.loss_param
        self.require(
            not loss.weight_by_label_freqs or len(loss.class_weighting) == bottom[0][axis],
            f"{len(loss.class_weighting)} class_weighting for {bottom[0][axis]} classes",
            field="loss_param.class_weighting",
            hint="weight_by_label_freqs wants one for each class",
        )
        return [SCALAR, bottom[0]][: max(1, len(self.message.top))]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        divisor = {"divisor": Internal(SCALAR)}
        return divisor if len(top) > 1 else {"prob": Internal(bottom[0]), **divisor}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        scores = bottom[0].shape
        axis = self._axis(scores)
        check_labels(self, 1, bottom[1], scores[axis], self.ignore)
        self.ops.softmax_loss(
            bottom[0].data,
            bottom[1].data,
            self._weights(),
            self._prob(top),
            top[0].data,
            self.internals["divisor"],
            axis=axis,
            ignore=self.ignore,
            normalizer=normalizer(self.message.loss_param, self.normalization, losses=bottom[1].count, batch=count(scores, 0, axis)),
        )

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require_no_gradient(propagate_down)
        if propagate_down[0]:
            self.ops.softmax_loss_backward(
                self._prob(top),
                bottom[1].data,
                self._weights(),
                top[0].diff,
                self.internals["divisor"],
                bottom[0].diff,
                axis=self._axis(bottom[0].shape),
                ignore=self.ignore,
            )

    def _axis(self, scores: Shape) -> int:
        return class_axis(self, scores, self.message.softmax_param.axis, "softmax_param.axis")

    def _weights(self) -> Array | None:
        """The weight of each class, which goes to the device once; None where all count the same."""
        loss = self.message.loss_param
        if loss.weight_by_label_freqs and self._class_weights is None:
            self._class_weights = self.ops.asarray(list(loss.class_weighting))
        return self._class_weights

    def _prob(self, top: Sequence[Blob]) -> Array:
        """Where the probabilities are kept: in the second top where there is one."""
        return top[1].data if len(top) > 1 else self.internals["prob"]
