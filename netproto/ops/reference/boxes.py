"""Boxes (n, 4) of xmin, ymin, xmax, ymax in parts of the image, on the host.

Caffe: none; src/caffe/util/bbox_util.cpp of weiliu89/caffe, branch ssd.
"""

from __future__ import annotations

from typing import Any

import numpy
from numpy.typing import NDArray

from ..detection import BoxCode, PriorLayout, Suppression

Boxes = NDArray[Any]

TOUCH = 1e-6  # the overlap that a box and an object must exceed to have to do with each other


def priors(layout: PriorLayout) -> tuple[Boxes, Boxes]:
    """The boxes and their variances, (height * width * boxes at a place, 4) each, place by place."""
    sizes = numpy.asarray(layout.sizes, "float64")
    vertical, horizontal = (
        (numpy.arange(count) + layout.offset) * step for count, step in zip(layout.map, layout.step, strict=True)
    )
    centres = numpy.stack([numpy.broadcast_to(horizontal, layout.map), numpy.broadcast_to(vertical[:, None], layout.map)], axis=-1)
    half = sizes / 2
    corners = numpy.concatenate([centres[:, :, None] - half, centres[:, :, None] + half], axis=-1).reshape(-1, 4)
    height, width = layout.image
    boxes = corners / (width, height, width, height)
    if layout.clip:
        boxes = boxes.clip(0, 1)
    return boxes, numpy.broadcast_to(layout.variance, boxes.shape)


def areas(boxes: Boxes) -> NDArray[Any]:
    """The area of each box, 0 for one that ends before it begins."""
    extent: Boxes = (boxes[:, 2:] - boxes[:, :2]).clip(0)
    return extent[:, 0] * extent[:, 1]


def overlaps(a: Boxes, b: Boxes) -> NDArray[Any]:
    """Intersection over union of each box of a with each of b, (len(a), len(b))."""
    width = numpy.minimum(a[:, None, 2], b[None, :, 2]) - numpy.maximum(a[:, None, 0], b[None, :, 0])
    height = numpy.minimum(a[:, None, 3], b[None, :, 3]) - numpy.maximum(a[:, None, 1], b[None, :, 1])
    common: NDArray[Any] = width.clip(0) * height.clip(0)
    union = areas(a)[:, None] + areas(b)[None, :] - common
    return numpy.divide(common, union, out=numpy.zeros_like(common), where=common > 0)


def crosses_border(boxes: Boxes) -> NDArray[Any]:
    """Which boxes stick out of the image."""
    return numpy.asarray(((boxes < 0) | (boxes > 1)).any(axis=1))


def encode(boxes: Boxes, prior: Boxes, variance: Boxes, code: BoxCode) -> Boxes:
    """What a net has to predict for these boxes at these priors."""
    size = prior[:, 2:] - prior[:, :2]
    if code.kind == "CENTER_SIZE":
        centre, prior_centre = (boxes[:, :2] + boxes[:, 2:]) / 2, (prior[:, :2] + prior[:, 2:]) / 2
        encoded = numpy.concatenate([(centre - prior_centre) / size, numpy.log((boxes[:, 2:] - boxes[:, :2]) / size)], axis=1)
    else:
        encoded = boxes - prior
        if code.kind == "CORNER_SIZE":
            encoded /= numpy.concatenate([size, size], axis=1)
    return encoded if code.in_target else encoded / variance


def decode(encoded: Boxes, prior: Boxes, variance: Boxes, code: BoxCode) -> Boxes:
    """The boxes that were predicted at these priors."""
    offset = encoded if code.in_target else encoded * variance
    size = prior[:, 2:] - prior[:, :2]
    if code.kind == "CENTER_SIZE":
        centre = offset[:, :2] * size + (prior[:, :2] + prior[:, 2:]) / 2
        with numpy.errstate(over="ignore"):
            half = numpy.exp(offset[:, 2:]) * size / 2
        return numpy.concatenate([centre - half, centre + half], axis=1)
    if code.kind == "CORNER_SIZE":
        offset = offset * numpy.concatenate([size, size], axis=1)
    return prior + offset


def suppress(boxes: Boxes, scores: NDArray[Any], rule: Suppression, *, least_area: float = 0.0) -> NDArray[Any]:
    """The indices of the boxes that stay, the best first; of equal scores the earlier is the better. Boxes below the least area go."""
    order = numpy.argsort(-scores, kind="stable")
    if rule.top_k > -1:
        order = order[: rule.top_k]
    threshold, kept = rule.threshold, []
    worst = numpy.where(areas(boxes[order]) < least_area, numpy.inf, 0.0)
    for place, index in enumerate(order):
        if worst[place] > threshold:
            continue
        kept.append(index)
        rest = order[place + 1 :]
        numpy.maximum(worst[place + 1 :], overlaps(boxes[index : index + 1], boxes[rest])[0], out=worst[place + 1 :])
        if rule.eta < 1 and threshold > 0.5:
            threshold *= rule.eta
    return numpy.asarray(kept, "int64")


def match(
    boxes: Boxes, objects: Boxes, *, threshold: float, per_prediction: bool, ignore_cross_boundary: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    """(the object of each box: its index, -1 for none, -2 for a box that is ignored; the overlap of each box with it, or its largest).

    First each object gets the box that overlaps it most, the best pair first; then, if per_prediction, each further box that overlaps an
    object by the threshold at least gets the one that it overlaps most.
    """
    found = numpy.full(len(boxes), -1, "int64")
    overlap = overlaps(boxes, objects)
    if ignore_cross_boundary:
        outside = crosses_border(boxes)
        found[outside] = -2
        overlap[outside] = 0
    overlap[overlap <= TOUCH] = 0
    largest = overlap.max(axis=1, initial=0)
    free = overlap.copy()
    for _ in range(len(objects)):
        box, thing = divmod(int(free.argmax()), len(objects)) if free.size else (0, 0)
        if not free.size or free[box, thing] <= 0:
            break
        found[box], largest[box] = thing, overlap[box, thing]
        free[box], free[:, thing] = 0, 0
    if per_prediction and len(objects):
        more = (found == -1) & (largest >= threshold) & (largest > 0)
        found[more] = overlap[more].argmax(axis=1)
    return found, largest
