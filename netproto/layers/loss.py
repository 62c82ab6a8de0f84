"""What Caffe's losses have in common. Caffe: loss_layer.hpp, loss_layer.cpp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..blob import Shape
from ..schema import messages
from .base import Arity, Layer, exactly

SCALAR: Shape = ()


class LossLayer(Layer):
    """A layer whose top 0 is one number: the loss. Its bottoms are predictions and targets; the targets get no gradient."""

    bottoms: ClassVar[Arity] = exactly(2)
    tops: ClassVar[Arity] = exactly(1)
    is_loss: ClassVar[bool] = True
    auto_tops: ClassVar[bool] = True
    no_gradient_bottoms: ClassVar[frozenset[int]] = frozenset({1})

    def require_same_batch(self, bottom: Sequence[Shape]) -> None:
        """Bottoms 0 and 1 must have equally many entries along axis 0."""
        self.require(
            len(bottom[0]) > 0 and bottom[0][:1] == bottom[1][:1],
            f"bottoms 0 and 1 have the shapes {bottom[0]} and {bottom[1]}, which differ along axis 0",
            field="bottom",
            hint="Both want one entry for each item of the batch",
        )

    def require_no_gradient(self, propagate_down: Sequence[bool]) -> None:
        """Raise where a bottom that cannot have a gradient is asked for one."""
        for index in self.no_gradient_bottoms:
            if propagate_down[index : index + 1] == [True]:
                raise self.error(
                    f"cannot give a gradient to bottom {index}, {self.message.bottom[index]!r}",
                    field="propagate_down",
                    hint="propagate_down: false for that bottom stops the gradient there",
                )


def normalization(loss_param: Any, default: str = "VALID") -> str:
    """The name of the NormalizationMode that a LossParameter asks for, its old field `normalize` included."""
    if loss_param.HasField("normalization"):
        return messages.enum_name(loss_param, "normalization")
    if loss_param.HasField("normalize"):
        return "VALID" if loss_param.normalize else "BATCH_SIZE"
    return default


def normalizer(loss_param: Any, mode: str, *, losses: int, batch: int) -> float | None:
    """What a sum of so many losses, over a batch of so many items, is divided by; None: the number that are not ignored."""
    if mode == "PRE_FIXED":
        return float(loss_param.pre_fixed_normalizer)
    return {"FULL": float(losses), "VALID": None, "BATCH_SIZE": float(batch), "NONE": 1.0}[mode]


def ignored_label(param: Any) -> int | None:
    """The ignore_label of a LossParameter or AccuracyParameter; None where none is written."""
    return param.ignore_label if param.HasField("ignore_label") else None
