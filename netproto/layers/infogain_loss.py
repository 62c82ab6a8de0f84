from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from ..formats import infogain
from .base import LAYERS, Arity, Internal, count
from .labels import check_labels, class_axis, require_label_each
from .loss import SCALAR, LossLayer, ignored_label, normalization, normalizer


@LAYERS.register("InfogainLoss")
class InfogainLoss(LossLayer):
    """Cross entropy in which each confusion has a price of its own.

    Shapes: scores with C classes on `infogain_loss_param.axis` (default 1), one label in 0..C-1 for each prediction, and optionally the
        matrix H of C * C values, read from the BlobProto file `infogain_loss_param.source` where it is no bottom. Tops: the loss, and
        optionally the probabilities, of the scores' shape.
    Formula: loss = sum over the labels l and classes c of -H[l, c] * log(max(softmax(x)[c], 1e-20)) / normalizer, which is that of
        SoftmaxWithLoss: VALID by default, `ignore_label` leaves labels out.
    Caffe: src/caffe/layers/infogain_loss_layer.cpp, at HEAD: since #3855 it contains the softmax.
    Differences: a label that is no class is an error. No gradient flows through the second top, as in Caffe.
    """

    type = "InfogainLoss"
    bottoms = Arity(2, 3)
    tops = Arity(1, 2)
    no_gradient_bottoms = frozenset({1, 2})

    def setup(self, bottom: Sequence[Shape]) -> None:
        loss, param = self.message.loss_param, self.message.infogain_loss_param
        self.require(
            not loss.HasField("normalize"),
            "loss_param.normalize is out of date, and this layer does not read it",
            field="loss_param.normalize",
            hint="Write normalization: VALID for true, BATCH_SIZE for false",
        )
        self.ignore = ignored_label(loss)
        self.normalization = normalization(loss)
        self._given: Array = None
        if len(bottom) == 2:
            self.require(
                param.HasField("source"),
                "there is no infogain matrix",
                field="infogain_loss_param",
                hint="Give it as third bottom, or name its file as infogain_loss_param.source",
            )
            self._file_matrix = infogain.load(param.source)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require_same_batch(bottom)
        axis = self._axis(bottom[0])
        require_label_each(self, bottom, axis)
        classes = bottom[0][axis]
        size = count(bottom[2]) if len(bottom) == 3 else count(self._file_matrix.shape)
        self.require(
            size == classes * classes,
            f"the infogain matrix has {size} values, not {classes} * {classes}, for {classes} classes",
            field="bottom[2]" if len(bottom) == 3 else "infogain_loss_param.source",
        )
        return [SCALAR, bottom[0]][: max(1, len(self.message.top))]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        divisor = {"divisor": Internal(SCALAR)}
        return divisor if len(top) == 2 else {"prob": Internal(bottom[0]), **divisor}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        scores = bottom[0].shape
        axis = self._axis(scores)
        check_labels(self, 1, bottom[1], scores[axis], self.ignore)
        self.ops.infogain_loss(
            bottom[0].data,
            bottom[1].data,
            self._matrix(bottom),
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
            self.ops.infogain_loss_backward(
                self._prob(top),
                bottom[1].data,
                self._matrix(bottom),
                top[0].diff,
                self.internals["divisor"],
                bottom[0].diff,
                axis=self._axis(bottom[0].shape),
                ignore=self.ignore,
            )

    def _axis(self, scores: Shape) -> int:
        return class_axis(self, scores, self.message.infogain_loss_param.axis, "infogain_loss_param.axis")

    def _matrix(self, bottom: Sequence[Blob]) -> Array:
        """The infogain matrix (C, C): of the third bottom, or of the file, which goes to the device once."""
        classes = bottom[0].shape[self._axis(bottom[0].shape)]
        if len(bottom) == 3:
            return bottom[2].data.reshape(classes, classes)
        if self._given is None:
            self._given = self.ops.asarray(self._file_matrix)
        return self._given

    def _prob(self, top: Sequence[Blob]) -> Array:
        """Where the probabilities are kept: in the second top where there is one."""
        return top[1].data if len(top) == 2 else self.internals["prob"]
