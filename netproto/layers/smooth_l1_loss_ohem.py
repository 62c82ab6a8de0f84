from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Arity, count
from .loss import SCALAR, normalization, normalizer
from .smooth_l1_loss import SmoothL1


@LAYERS.register("SmoothL1LossOHEM")
class SmoothL1LossOHEM(SmoothL1):
    """SmoothL1Loss that also tells the loss of each item. A layer of R-FCN's fork.

    Shapes: two bottoms (N, C, H, W), optionally weights of that shape. Tops: the loss, and optionally that of each item (N, 1, H, W).
    Formula: with d = weights * (a - b), the loss of each item is the sum over C of d**2 / 2 where |d| < 1, else |d| - 1/2; loss = the sum
        of all / normalizer, by `loss_param.normalization`: VALID (default) or FULL the number of items and places, BATCH_SIZE N, NONE 1,
        PRE_FIXED pre_fixed_normalizer.
    Caffe: none; src/caffe/layers/smooth_L1_loss_layer.cu of daijifeng001/caffe-rfcn, under this name in BVLC's branch intel.
    Differences: the weights are left out of the gradient, as there: right for weights of 0 and 1.
    """

    type = "SmoothL1LossOHEM"
    bottoms = Arity(2, 3)
    tops = Arity(1, 2)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        super().reshape(bottom)
        shape = bottom[0]
        self.require(2 <= len(shape) <= 4, f"bottom 0 has the shape {shape}, but (N, C) or (N, C, H, W) is wanted", field="bottom[0]")
        return [SCALAR, (shape[0], 1, *(*shape[2:], 1, 1)[:2])][: max(1, len(self.message.top))]

    def divisor(self, scores: Shape) -> float:
        mode = normalization(self.message.loss_param)
        items = scores[0] * count(scores, 2)
        fixed = normalizer(self.message.loss_param, mode, losses=items, batch=scores[0])
        return max(1.0, float(items) if fixed is None else fixed)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        super().forward(bottom, top)
        if len(top) > 1:
            self.ops.smooth_l1_loss_each(self.internals["cost"], top[1].data)
