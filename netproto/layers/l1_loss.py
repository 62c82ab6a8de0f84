from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS
from .distance_loss import DistanceLoss


@LAYERS.register("L1Loss")
class L1Loss(DistanceLoss):
    """The mean absolute distance. A layer of forks.

    Shapes: two bottoms (N, ...) with equally many elements for each of the N items. Top: the loss.
    Formula: loss = sum |a - b| / N.
    Caffe: none; src/caffe/layers/l1_loss_layer.cpp of NVIDIA/caffe, which trains DetectNet with it.
    Differences: none to NVIDIA's. Other forks gave the name to a loss over the number of all elements, or to one with an l1_loss_param.
    """

    type = "L1Loss"

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.require(
            not self.message.HasField("l1_loss_param"),
            "l1_loss_param belongs to FlowNet's L1Loss, another loss of the same name, which is not known here",
            field="l1_loss_param",
            hint="Without it this is the L1Loss of NVIDIA/caffe",
        )

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.l1_loss(bottom[0].data, bottom[1].data, self.internals["diff"], top[0].data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for blob, wanted, sign in zip(bottom, propagate_down, (1, -1), strict=True):
            if wanted:
                self.ops.l1_loss_backward(self.internals["diff"], top[0].diff, blob.diff, sign=sign)
