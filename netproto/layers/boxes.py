"""What layers that work on SSD's boxes have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..blob import Shape
from ..ops.detection import BoxCode, Suppression
from ..schema import messages
from .base import Layer, count


def require_predictions(layer: Layer, bottom: Sequence[Shape], *, classes: int, share_location: bool) -> None:
    """Bottoms 0 to 2 must be the predicted locations (N, 4 P L) and confidences (N, P C), and the priors (1, 2, 4 P)."""
    loc, conf, prior = bottom[:3]
    layer.require(
        len(prior) == 3 and prior[:2] == (1, 2) and prior[2] % 4 == 0 and prior[2] > 0,
        f"bottom 2 has the shape {prior}, but (1, 2, 4 * boxes) of PriorBox layers is wanted",
        field="bottom[2]",
    )
    boxes = prior[2] // 4
    for index, (shape, wanted, what) in enumerate(
        [(loc, boxes * 4 * (1 if share_location else classes), "locations"), (conf, boxes * classes, "confidences")]
    ):
        layer.require(
            len(shape) > 0 and count(shape, 1) == wanted,
            f"bottom {index} has the shape {shape}, but {wanted} {what} an image are wanted, for {boxes} boxes and {classes} classes",
            field=f"bottom[{index}]",
            hint="TextBoxes has a PriorBox of its own, with twice the boxes, which is not built" if count(shape, 1) == 2 * wanted else "",
        )
    layer.require(loc[0] == conf[0], f"bottoms 0 and 1 have {loc[0]} and {conf[0]} images", field="bottom")


def box_code(param: Any, in_target: bool) -> BoxCode:
    return BoxCode(messages.enum_name(param, "code_type"), in_target)


def suppression(param: Any) -> Suppression:
    """What a NonMaximumSuppressionParameter says."""
    return Suppression(param.nms_threshold, param.top_k if param.HasField("top_k") else -1, param.eta)
