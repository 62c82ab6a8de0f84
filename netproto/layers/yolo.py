"""What layers of YOLO 2 have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..blob import Shape
from ..ops.detection import YoloHead
from .base import Layer

COORDS = 4  # x, y, width, height


def read_head(layer: Layer, param: Any, field: str, *, classes: int, anchors: int) -> YoloHead:
    """What a map predicts: anchors of `biases`, of which there must be two for each."""
    layer.require(param.coords == COORDS, f"coords is {param.coords}; other than {COORDS} are not known", field=f"{field}.coords")
    biases = list(param.biases)
    layer.require(classes > 0, "the number of classes must be above 0", field=field)
    layer.require(
        len(biases) == 2 * anchors and anchors > 0,
        f"{len(biases)} biases for {anchors} anchors",
        field=f"{field}.biases",
        hint="Each anchor wants a width and a height",
    )
    layer.require(all(b > 0 for b in biases), "the biases, widths and heights of anchors, must be above 0", field=f"{field}.biases")
    return YoloHead(classes, tuple(zip(biases[::2], biases[1::2], strict=True)))


def require_map(layer: Layer, bottom: Sequence[Shape], index: int, head: YoloHead) -> None:
    """A bottom must be (N, A (5 + C), H, W)."""
    shape, anchors = bottom[index], len(head.anchors)
    wanted = anchors * (COORDS + 1 + head.classes)
    layer.require(
        len(shape) == 4 and shape[1] == wanted,
        f"bottom {index} has the shape {shape}, but (N, {wanted}, H, W) is wanted: {anchors} anchors, {head.classes} classes",
        field=f"bottom[{index}]",
    )
