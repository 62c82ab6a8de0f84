"""What losses over the difference of two bottoms have in common."""

from __future__ import annotations

from collections.abc import Sequence

from ..blob import Shape
from .base import Internal, count
from .loss import SCALAR, LossLayer


class DistanceLoss(LossLayer):
    """Two bottoms (N, ...) with equally many elements for each of the N items; both get a gradient. `diff` keeps their difference."""

    no_gradient_bottoms = frozenset()

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require_same_batch(bottom)
        self.require(
            count(bottom[0], 1) == count(bottom[1], 1),
            f"bottoms of the shapes {bottom[0]} and {bottom[1]} hold {count(bottom[0], 1)} and {count(bottom[1], 1)} elements for an item",
            field="bottom",
            hint="Both want equally many",
        )
        return [SCALAR]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"diff": Internal(bottom[0])}
