"""Shapes that a message spells out."""

from __future__ import annotations

from typing import Any

from ..blob import Shape
from .base import Layer

MOST_AXES = 32
"""Caffe: kMaxBlobAxes."""


def written_shape(layer: Layer, message: Any, field: str) -> Shape:
    """The shape in a layer's BlobShape; `field` says where it stands. Raises ModelError for one that no blob can have."""
    shape = tuple(int(d) for d in message.dim)
    layer.require(len(shape) <= MOST_AXES, f"a shape of {len(shape)} axes; a blob has {MOST_AXES} at most", field=field)
    layer.require(all(d >= 0 for d in shape), f"the shape {shape} has a negative extent", field=field)
    return shape


def written_axis(layer: Layer, message: Any, legacy: str, rank: int, field: str) -> int:
    """The axis that a message gives as `axis`, which may be negative, or under its legacy name, which may not."""
    if not message.HasField(legacy):
        return layer.canonical_axis(message.axis, rank, f"{field}.axis")
    layer.require(not message.HasField("axis"), f"axis and {legacy} are both written", field=f"{field}.{legacy}", hint="Keep axis")
    axis: int = getattr(message, legacy)
    layer.require(axis < rank, f"{legacy} {axis} of a blob with {rank} axes", field=f"{field}.{legacy}")
    return axis
