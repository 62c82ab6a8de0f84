"""Which detections are right. The host works on them: they are few.

Caffe: none; detection_evaluate_layer.cpp and util/bbox_util.cpp of weiliu89/caffe, branch ssd.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from ..detection import EvaluationRule, Fitting
from .arrays import Array, Arrays
from .boxes import overlaps
from .proposals import pixel_overlaps

Values = NDArray[Any]
Overlaps = Callable[[Values, Values], Values]

UNKNOWN = -1  # an image or a class that is none


class Evaluation(Arrays):
    """found has rows of 7: image, class, score, xmin, ymin, xmax, ymax; truth of 8: image, class, instance, the box, difficult."""

    def images_with_detections(self, found: Array) -> int:
        """How many images have a row, those that say that nothing was detected included."""
        image = numpy.trunc(self.to_host(found).reshape(-1, 7)[:, 0])
        return len(numpy.unique(image[image != UNKNOWN]))

    def evaluate_detections(
        self, found: Array, truth: Array, *, rule: EvaluationRule, sizes: Sequence[tuple[int, int]], fitting: Fitting | None
    ) -> Values:
        """Rows of 5 on the host: -1, class, how many objects it has, -1, -1; then image, class, score, right, wrong for each detection.

        sizes: height and width of each image that has a row, in whose pixels overlap is measured; none for parts of the image.
        """
        detections, objects = self.to_host(found).reshape(-1, 7), self.to_host(truth).reshape(-1, 8)
        objects = objects[: _first(objects[:, 0] == UNKNOWN)]
        detections = detections[numpy.trunc(detections[:, 0]) != UNKNOWN]
        counted = objects if rule.difficult else objects[objects[:, 7] == 0]
        rows = [
            [UNKNOWN, label, float((numpy.trunc(counted[:, 1]) == label).sum()), UNKNOWN, UNKNOWN]
            for label in range(rule.classes)
            if label != rule.background
        ]
        for number, image in enumerate(numpy.unique(numpy.trunc(detections[:, 0]))):
            size = sizes[number] if sizes else None
            there = objects[numpy.trunc(objects[:, 0]) == image]
            mine = detections[numpy.trunc(detections[:, 0]) == image]
            for label in numpy.unique(numpy.trunc(mine[:, 1])):
                if label != UNKNOWN:
                    rows += _judged(mine[numpy.trunc(mine[:, 1]) == label], there[numpy.trunc(there[:, 1]) == label], rule, size, fitting)
        return numpy.asarray(rows).reshape(-1, 5)


def _first(marks: Values) -> int:
    """Where the first mark is; the end if there is none."""
    places = numpy.flatnonzero(marks)
    return int(places[0]) if len(places) else len(marks)


def _judged(
    found: Values, objects: Values, rule: EvaluationRule, size: tuple[int, int] | None, fitting: Fitting | None
) -> list[list[float]]:
    """One class on one image: the detections with the best score first, each object being found once."""
    if len(objects):
        found = found[numpy.argsort(-found[:, 2], kind="stable")]
    boxes, there = found[:, 3:7], objects[:, 3:7]
    measure: Overlaps = overlaps
    if size is not None:
        boxes, there, measure = _in_pixels(boxes, size, fitting), _in_pixels(there, size, fitting), _pixel_overlaps
    common = measure(boxes, there)
    taken: set[int] = set()
    rows = []
    for row, overlap in zip(found, common, strict=True):
        right = wrong = 0
        best = int(overlap.argmax()) if len(objects) else 0
        if not len(objects) or overlap[best] < rule.overlap:
            wrong = 1
        elif rule.difficult or not objects[best, 7]:
            right, wrong = (0, 1) if best in taken else (1, 0)
            taken.add(best)
        rows.append([int(row[0]), int(row[1]), float(row[2]), right, wrong])
    return rows


def _pixel_overlaps(a: Values, b: Values) -> Values:
    return numpy.stack([pixel_overlaps(box, b) for box in a]) if len(a) else numpy.zeros((0, len(b)))


def _in_pixels(boxes: Values, size: tuple[int, int], fitting: Fitting | None) -> Values:
    """Boxes in parts of what the net saw as boxes in pixels of the image, cut at its borders."""
    height, width = size
    image = numpy.asarray([width, height, width, height], "float64")
    if fitting is not None and fitting.inside:
        left, top, right, bottom = _pasted(fitting, width / height)
        boxes = (boxes - (left, top, left, top)) / (right - left, bottom - top, right - left, bottom - top)
    return boxes.clip(0, 1) * image


def _pasted(fitting: Fitting, aspect: float) -> tuple[float, float, float, float]:
    """Where on the net's canvas the whole image is, in parts of it."""
    canvas = fitting.width / fitting.height
    if aspect > canvas:
        border = (fitting.height - fitting.width / aspect) / 2 / fitting.height
        return 0.0, border, 1.0, 1 - border
    border = (fitting.width - fitting.height * aspect) / 2 / fitting.width
    return border, 0.0, 1 - border, 1.0
