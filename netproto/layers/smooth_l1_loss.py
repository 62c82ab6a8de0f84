from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from .base import LAYERS, Arity, Internal
from .distance_loss import DistanceLoss


class SmoothL1(DistanceLoss):
    """What SmoothL1Loss and SmoothL1LossOHEM have in common: bottoms a, b, and optionally weights of a's size for each element."""

    sigma: float = 1.0
    no_gradient_bottoms = frozenset({2, 3})

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        for index, shape in enumerate(bottom[1:], 1):
            self.require(
                shape == bottom[0], f"bottom {index} has the shape {shape}, not {bottom[0]} as bottom 0", field=f"bottom[{index}]"
            )
        return super().reshape(bottom)

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"diff": Internal(bottom[0]), "cost": Internal(bottom[0])}

    def divisor(self, scores: Shape) -> float:
        """What the sum of all elements' losses is divided by."""
        return float(max(1, scores[0]))

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        inside = bottom[2].data if len(bottom) > 2 else None
        outside = bottom[3].data if len(bottom) > 3 else None
        self.ops.smooth_l1_loss(
            bottom[0].data,
            bottom[1].data,
            inside,
            outside,
            self.internals["diff"],
            self.internals["cost"],
            top[0].data,
            sigma=self.sigma,
            divisor=self.divisor(bottom[0].shape),
        )

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        inside, outside = self._gradient_weights(bottom)
        divisor = self.divisor(bottom[0].shape)
        for blob, wanted, sign in zip(bottom[:2], propagate_down[:2], (1, -1), strict=True):
            if wanted:
                self.ops.smooth_l1_loss_backward(
                    self.internals["diff"], inside, outside, top[0].diff, blob.diff, sigma=self.sigma, divisor=divisor, sign=sign
                )

    def _gradient_weights(self, bottom: Sequence[Blob]) -> tuple[Array | None, Array | None]:
        """The forks multiply a gradient by the inside weights only where there are outside weights too."""
        return (bottom[2].data, bottom[3].data) if len(bottom) > 3 else (None, None)


@LAYERS.register("SmoothL1Loss")
class SmoothL1Loss(SmoothL1):
    """Squared near 0, absolute further out. A layer of Fast R-CNN's fork and its many descendants.

    Shapes: two bottoms of one shape (N, ...), optionally inside weights and outside weights of that shape. Top: the loss.
    Formula: with d = inside * (a - b) and s = sigma**2, loss = sum of outside * (s d**2 / 2 where |d| < 1 / s, else |d| - 1 / (2 s)) / N.
    Caffe: none; src/caffe/layers/smooth_L1_loss_layer.cu of rbgirshick/caffe-fast-rcnn, and of weiliu89/caffe, without outside weights.
    Differences: has a loss_weight of 1 where none is written; some forks have 0. Inside weights without outside ones are left out of the
        gradient, as in the forks that have them: right for weights of 0 and 1.
    """

    type = "SmoothL1Loss"
    bottoms = Arity(2, 4)

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.sigma = self.message.smooth_l1_loss_param.sigma
        self.require(self.sigma > 0, f"sigma is {self.sigma:g}; it must be above 0", field="smooth_l1_loss_param.sigma")
