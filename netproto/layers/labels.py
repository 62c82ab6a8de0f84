"""What layers that read labels have in common: where the classes are, and that each label is one of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ..blob import Array, Blob, Shape
from ..errors import DataError
from ..schema.places import label, place_of
from .base import Layer, count


def class_axis(layer: Layer, scores: Shape, axis: int, field: str) -> int:
    """The axis of the scores that holds the classes, counted from the front; raises where there is no such axis, or no class on it."""
    axis = layer.canonical_axis(axis, len(scores), field)
    layer.require(scores[axis] > 0, f"axis {axis} of bottom 0, whose shape is {scores}, holds no class", field=field)
    return axis


def require_label_each(layer: Layer, bottom: Sequence[Shape], axis: int) -> None:
    """Bottom 1 must have one label for each prediction of bottom 0, whose classes are on `axis`."""
    scores, labels = bottom[0], bottom[1]
    predictions = count(scores, 0, axis) * count(scores, axis + 1)
    layer.require(
        predictions == count(labels),
        f"{count(labels)} labels, of shape {labels}, for {predictions} predictions: scores of shape {scores}, classes on axis {axis}",
        field="bottom[1]",
        hint="Each prediction wants one label: for scores (N, C, H, W) and axis 1, N * H * W of them",
    )


def check_labels(layer: Layer, index: int, blob: Blob, classes: int, ignore: int | None = None) -> None:
    """Raise a DataError that names the first label of a bottom that is no class."""
    bad = layer.ops.first_bad_label(blob.data, classes=classes, ignore=ignore)
    if bad < 0:
        return
    value = float(layer.ops.to_host(blob.data).reshape(-1)[bad])
    name = layer.message.bottom[index]
    raise DataError(
        f"label {value:g} at {position(bad, blob.shape)} of bottom {name!r} is none of the {classes} classes 0 to {classes - 1}",
        place=place_of(layer.message),
        layer=label(layer.message),
        hint="Labels count from 0; the layer before needs as many outputs as there are classes"
        + ("" if ignore is not None else ", and ignore_label leaves one label out"),
    )


def position(flat: int, shape: Shape) -> tuple[int, ...]:
    """The index along each axis of the element at a flat index."""
    return tuple(flat // prod(shape[axis + 1 :]) % extent for axis, extent in enumerate(shape))


def require_label_an_item(layer: Layer, bottom: Sequence[Shape]) -> None:
    """Bottom 1 must have one label for each item of bottom 0, and the items must have classes."""
    scores, labels = bottom[0], bottom[1]
    layer.require(count(scores, 1) > 0, f"the items of bottom 0, whose shape is {scores}, hold no class", field="bottom[0]")
    layer.require(
        count(labels, 1) == 1,
        f"{count(labels)} labels, of shape {labels}, for the {scores[0]} items of bottom 0, whose shape is {scores}",
        field="bottom[1]",
        hint="Each item wants one label",
    )


def as_rows(x: Array) -> Array:
    """An array (N, ...) seen as (N, elements of an item)."""
    return x.reshape(x.shape[0], prod(x.shape[1:]))
