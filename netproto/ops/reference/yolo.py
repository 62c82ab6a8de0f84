"""YOLO 2: boxes from maps, and what the maps have to learn. The host works on them, image by image.

Caffe: none; region_loss_layer.cpp and yolo_detection_output_layer.cpp of eric612/MobileNet-YOLO.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from ..detection import RegionRule, YoloHead
from .arrays import Array, Arrays

Values = NDArray[Any]

BOX = slice(0, 4)  # of what is predicted for an anchor: x, y, width, height
SCORE, CLASSES = 4, slice(5, None)


class Yolo(Arrays):
    """x (N, A (5 + C), H, W), for A anchors and C classes; truth holds rows of 5: class, x, y, width, height in parts of the image."""

    def region_loss(self, x: Array, truth: Array, gradient: Array, loss: Array, *, rule: RegionRule) -> None:
        """gradient = what x has to move by, as Darknet has it, loss = the sum of its squares / N."""
        predicted = _activated(self.to_host(x), rule.head)
        objects = self.to_host(truth).reshape(len(predicted), -1, 5)
        wanted = numpy.stack([_region_gradient(p, _listed(o), rule) for p, o in zip(predicted, objects, strict=True)])
        loss[...] = float((wanted * wanted).sum()) / len(wanted)
        self.copy(self.asarray(_as_map(wanted)).reshape(gradient.shape), gradient)

    def region_loss_backward(self, gradient: Array, weight: Array, dx: Array) -> None:
        """dx = weight / N * gradient."""
        self.xp.multiply(gradient, weight / len(gradient), out=dx)

    def first_bad_truth(self, truth: Array, *, images: int, classes: int) -> int:
        """The first row of truth whose class is none, or whose centre is not in the image; -1 where there is none. Rows of 0 end a list."""
        for image, rows in enumerate(self.to_host(truth).reshape(images, -1, 5)):
            listed = _listed(rows)
            good = (listed[:, 0] >= 0) & (listed[:, 0] < classes) & (listed[:, 1:3] >= 0).all(axis=1) & (listed[:, 1:3] < 1).all(axis=1)
            if not good.all():
                return image * len(rows) + int(numpy.argmin(good))
        return -1

    def yolo_detections(self, maps: Sequence[Array], *, head: YoloHead, confidence: float, overlap: float) -> Values:
        """Rows of image, class from 1 on, score, xmin, ymin, xmax, ymax on the host: by image, then falling score."""
        found = [_candidates(_activated(self.to_host(x), head), head, confidence) for x in maps]
        kept = [_kept(numpy.concatenate(rows), overlap) for rows in zip(*found, strict=True)]
        return numpy.concatenate([numpy.insert(rows, 0, image, axis=1) for image, rows in enumerate(kept)])


def _activated(x: Values, head: YoloHead) -> Values:
    """(N, H, W, A, 5 + C): scores as probabilities, classes as shares; x, y, width and height as they are."""
    n, _, h, w = x.shape
    predicted = x.reshape(n, len(head.anchors), 5 + head.classes, h, w).transpose(0, 3, 4, 1, 2).astype("float64")
    predicted[..., SCORE] = _sigmoid(predicted[..., SCORE])
    shares = numpy.exp(predicted[..., CLASSES] - predicted[..., CLASSES].max(axis=-1, keepdims=True))
    predicted[..., CLASSES] = shares / shares.sum(axis=-1, keepdims=True)
    return predicted


def _as_map(predicted: Values) -> Values:
    """(N, H, W, A, 5 + C) as (N, A, 5 + C, H, W)."""
    return predicted.transpose(0, 3, 4, 1, 2)


def _sigmoid(x: Values) -> Values:
    return 1 / (1 + numpy.exp(-x))


def _boxes(predicted: Values, head: YoloHead) -> Values:
    """(..., H, W, A, 4): centre and size of every box in parts of the image."""
    h, w = predicted.shape[-4:-2]
    column, row = numpy.arange(w)[None, :, None], numpy.arange(h)[:, None, None]
    anchors = numpy.asarray(head.anchors)
    x = (column + _sigmoid(predicted[..., 0])) / w
    y = (row + _sigmoid(predicted[..., 1])) / h
    return numpy.stack([x, y, numpy.exp(predicted[..., 2]) * anchors[:, 0] / w, numpy.exp(predicted[..., 3]) * anchors[:, 1] / h], axis=-1)


def _overlaps(a: Values, b: Values) -> Values:
    """Intersection over union of boxes of centre and size, that are broadcast against each other."""
    common = numpy.minimum(a[..., :2] + a[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2)
    common = common - numpy.maximum(a[..., :2] - a[..., 2:] / 2, b[..., :2] - b[..., 2:] / 2)
    area = common.clip(0).prod(axis=-1)
    union = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - area
    return numpy.divide(area, union, out=numpy.zeros_like(area), where=area > 0)


def _listed(rows: Values) -> Values:
    """The rows before the first without a width."""
    empty = numpy.flatnonzero(rows[:, 3] == 0)
    return rows[: empty[0]] if len(empty) else rows


def _region_gradient(predicted: Values, objects: Values, rule: RegionRule) -> Values:
    """(H, W, A, 5 + C) for one image: no box is an object; those that overlap one enough may be, and those that fit one best must be."""
    boxes = _boxes(predicted, rule.head)
    gradient = numpy.zeros_like(predicted)
    score = predicted[..., SCORE]
    gradient[..., SCORE] = rule.noobject_scale * score * _slope(score)
    if len(objects):
        best = _overlaps(boxes[..., None, :], objects[:, 1:]).max(axis=-1)
        gradient[best > rule.thresh, SCORE] = 0
    for thing in objects:
        _add_object(gradient, predicted, boxes, thing, rule)
    return gradient


def _add_object(gradient: Values, predicted: Values, boxes: Values, thing: Values, rule: RegionRule) -> None:
    """Write into the gradient what the box that is to be this object has to move by. Of two objects for one box, the second counts."""
    h, w = predicted.shape[:2]
    box = thing[1:]
    column, row = int(box[0] * w), int(box[1] * h)
    anchors = numpy.asarray(rule.head.anchors)
    sizes = anchors / (w, h) if rule.by_shape else boxes[row, column, :, 2:]
    fit = _overlaps(numpy.pad(sizes, ((0, 0), (2, 0))), numpy.asarray([0, 0, *box[2:]]))
    n = int(fit.argmax())
    here, mine = predicted[row, column, n], gradient[row, column, n]
    overlap = float(_overlaps(boxes[row, column, n], box))
    centre = _sigmoid(here[:2])
    scale = rule.coord_scale if rule.rescore else rule.coord_scale * (2 - box[2] * box[3])
    mine[:2] = scale * (centre - (box[:2] * (w, h) - (column, row))) * _slope(centre)
    mine[2:4] = scale * (here[2:4] - numpy.log(box[2:] * (w, h) / anchors[n]))
    mine[SCORE] = rule.object_scale * (here[SCORE] - (overlap if rule.rescore else 1)) * _slope(here[SCORE])
    mine[CLASSES] = rule.class_scale * here[CLASSES]
    mine[CLASSES.start + int(thing[0])] -= rule.class_scale


def _slope(probability: Any) -> Any:
    """The derivative of the sigmoid, where it has this value."""
    return probability * (1 - probability)


def _candidates(predicted: Values, head: YoloHead, confidence: float) -> list[Values]:
    """For each image rows of class from 1 on, score, centre and size."""
    boxes = _boxes(predicted, head)
    label = predicted[..., CLASSES].argmax(axis=-1)
    score = predicted[..., SCORE] * predicted[..., CLASSES].max(axis=-1)
    rows = numpy.concatenate([label[..., None] + 1, score[..., None], boxes], axis=-1)
    return [r[s >= confidence] for r, s in zip(rows, score, strict=True)]


def _kept(rows: Values, overlap: float) -> Values:
    """Of rows whose boxes overlap by so much, whatever their class, the one with the best score; with corners, the best first."""
    rows = rows[numpy.argsort(-rows[:, 1], kind="stable")]
    alive = numpy.ones(len(rows), bool)
    for i, row in enumerate(rows):
        if alive[i]:
            alive[i + 1 :] &= _overlaps(row[2:], rows[i + 1 :, 2:]) < overlap
    rows = rows[alive]
    half = rows[:, 4:] / 2
    return numpy.concatenate([rows[:, :2], rows[:, 2:4] - half, rows[:, 2:4] + half], axis=1)
