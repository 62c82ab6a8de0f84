"""What Scale and Bias have in common: a blob, learned or given as bottom 1, that is spread over some axes of bottom 0."""

from __future__ import annotations

from typing import Any

from ..blob import Shape
from .base import Layer, count


def spread_shape(layer: Layer, param: Any, field: str, shape: Shape) -> Shape:
    """The shape of the learned blob: the axes of bottom 0 from `axis` on, `num_axes` of them; -1: all."""
    axis = layer.canonical_axis(param.axis, len(shape), f"{field}.axis")
    layer.require(param.num_axes >= -1, f"num_axes is {param.num_axes}", field=f"{field}.num_axes", hint="-1 means all axes from `axis` on")
    if param.num_axes == -1:
        return shape[axis:]
    layer.require(
        axis + param.num_axes <= len(shape),
        f"{param.num_axes} axes from axis {axis} on reach beyond the bottom, whose shape is {shape}",
        field=f"{field}.num_axes",
    )
    return shape[axis : axis + param.num_axes]


def per_channel(layer: Layer, param: Any, shape: Shape) -> bool:
    """Whether the blob is learned and has one number for each index of axis 1 of a bottom of this shape."""
    return bool(layer.params) and layer.params[0].shape == shape[1:2] and param.axis % len(shape) == 1


def spread_view(layer: Layer, param: Any, field: str, shape: Shape, spread: Shape) -> Shape:
    """The shape of bottom 0 seen as (outer, D, inner), where D counts the spread blob's elements; raises where its axes do not fit."""
    axis = layer.canonical_axis(param.axis, len(shape), f"{field}.axis") if spread else 0
    layer.require(
        shape[axis : axis + len(spread)] == spread,
        f"a blob of shape {spread} does not fit the axes from {axis} on of the bottom, whose shape is {shape}",
        field=f"{field}.axis",
    )
    return count(shape, 0, axis), count(spread), count(shape, axis + len(spread))
