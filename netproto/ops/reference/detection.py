"""Detectors that predict all boxes at once (SSD). The host works on the boxes: they are few, and each step needs the one before.

Caffe: none; prior_box_layer.cpp, detection_output_layer.cpp, multibox_loss_layer.cpp of weiliu89/caffe, branch ssd.
"""

from __future__ import annotations

from typing import Any

import numpy
from numpy.typing import NDArray

from ..detection import DetectionRule, MultiBoxRule, PriorLayout
from . import boxes, multibox
from .arrays import Array, Arrays


class Detection(Arrays):
    """P priors; prior (1, 2, 4 P) has the boxes, then their variances; loc (N, 4 P L), L being 1 or the classes C; conf (N, P C)."""

    def prior_boxes(self, prior: Array, *, layout: PriorLayout) -> None:
        """prior = the boxes of a layout and their variances."""
        for row, values in enumerate(boxes.priors(layout)):
            self.copy(self.asarray(values).reshape(-1), prior[0, row])

    def detections(self, loc: Array, conf: Array, prior: Array, *, rule: DetectionRule) -> NDArray[Any]:
        """Rows of image, class, score, xmin, ymin, xmax, ymax on the host: by image, then class, then falling score."""
        prior_box, variance = self.to_host(prior).reshape(2, -1, 4)
        images = len(loc)
        offsets = self.to_host(loc).reshape(images, len(prior_box), -1, 4)
        scores = self.to_host(conf).reshape(images, len(prior_box), rule.classes)
        found = [_detections(o, s, prior_box, variance, rule) for o, s in zip(offsets, scores, strict=True)]
        numbered = [numpy.insert(rows, 0, image, axis=1) for image, rows in enumerate(found)]
        return numpy.concatenate(numbered) if numbered else numpy.zeros((0, 7))

    def first_bad_object(self, truth: Array, *, classes: int | None, background: int) -> int:
        """The first row of truth (rows of 8) whose class is the background, negative, or not below `classes`; -1 where there is none."""
        rows = self.to_host(truth).reshape(-1, 8)
        label = numpy.trunc(rows[:, 1])
        good = (label != background) & (label >= 0) & (True if classes is None else label < classes)
        bad = numpy.flatnonzero(~good & (rows[:, 0] != -1))
        return int(bad[0]) if bad.size else -1

    def multibox_loss(
        self, loc: Array, conf: Array, prior: Array, truth: Array, loss: Array, dloc: Array, dconf: Array, *, rule: MultiBoxRule
    ) -> None:
        """loss, and the gradients dloc and dconf that it has for a weight of 1.

        truth holds rows of 8: image (-1 for no object), class, instance, xmin, ymin, xmax, ymax, difficult.
        """
        total, *gradients = multibox.loss_and_gradients(
            self.to_host(loc), self.to_host(conf), self.to_host(prior).reshape(2, -1, 4), self.to_host(truth).reshape(-1, 8), rule
        )
        loss[...] = total
        for gradient, out in zip(gradients, (dloc, dconf), strict=True):
            self.copy(self.asarray(gradient).reshape(out.shape), out)

    def multibox_loss_backward(self, gradient: Array, weight: Array, dx: Array) -> None:
        """dx = weight * gradient."""
        self.xp.multiply(gradient.reshape(dx.shape), weight, out=dx)


def _detections(
    offsets: NDArray[Any], scores: NDArray[Any], prior: NDArray[Any], variance: NDArray[Any], rule: DetectionRule
) -> NDArray[Any]:
    """One image: rows of class, score, xmin, ymin, xmax, ymax."""
    rows = [numpy.zeros((0, 6))]
    shared = boxes.decode(offsets[:, 0], prior, variance, rule.code) if rule.share_location else None
    for label in range(rule.classes):
        if label == rule.background:
            continue
        decoded = boxes.decode(offsets[:, label], prior, variance, rule.code) if shared is None else shared
        score = scores[:, label]
        likely = numpy.arange(len(score)) if rule.confidence is None else numpy.flatnonzero(score > rule.confidence)
        kept = likely[boxes.suppress(decoded[likely], score[likely], rule.suppression)]
        rows.append(numpy.column_stack([numpy.full(len(kept), label), score[kept], decoded[kept]]))
    found = numpy.concatenate(rows)
    if -1 < rule.keep_top_k < len(found):
        best = numpy.argsort(-found[:, 1], kind="stable")[: rule.keep_top_k]
        found = found[numpy.sort(best)]
    return found
