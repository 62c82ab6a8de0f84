from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Arity
from .softmax_with_loss import SoftmaxWithLoss


@LAYERS.register("SoftmaxWithLossOHEM")
class SoftmaxWithLossOHEM(SoftmaxWithLoss):
    """SoftmaxWithLoss that also tells the loss of each prediction. A layer of R-FCN's fork.

    Shapes: those of SoftmaxWithLoss. Tops: the loss, the probabilities, and the loss of each prediction, of the labels' shape; the last
        two are optional.
    Formula: that of SoftmaxWithLoss; the loss of an ignored prediction is 0.
    Caffe: none; src/caffe/layers/softmax_loss_layer.cu of daijifeng001/caffe-rfcn, under this name in BVLC's branch intel.
    Differences: none to its GPU version; the CPU version in branch intel sums the wrong losses where labels are ignored.
    """

    type = "SoftmaxWithLossOHEM"
    tops = Arity(1, 3)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return [*super().reshape(bottom), bottom[1]][: max(1, len(self.message.top))]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        super().forward(bottom, top)
        if len(top) > 2:
            axis = self._axis(bottom[0].shape)
            self.ops.softmax_loss_each(top[1].data, bottom[1].data, top[2].data, axis=axis, ignore=self.ignore)
