"""The loss of SSD: which boxes belong to which objects, which of the others count, and what they cost. On the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray

from ..detection import MultiBoxRule
from . import boxes

Host = NDArray[Any]

FLT_MIN = float(numpy.finfo("float32").tiny)
LEAST_AREA = 1e-5
"""Below it a box counts as none where boxes are suppressed before mining."""


@dataclass
class Matches:
    """One image: its objects, and by class of location (0 where all classes share one) the object of each box, or -1, -2 for none."""

    objects: Host
    labels: Host
    found: dict[int, Host]
    overlap: dict[int, Host]
    negatives: Host

    @property
    def matched(self) -> list[tuple[int, Host, Host]]:
        """(class of location, boxes, the object of each) for all boxes that have an object."""
        return [(c, at := numpy.flatnonzero(f > -1), f[at]) for c, f in self.found.items()]


def loss_and_gradients(loc: Host, conf: Host, prior: Host, truth: Host, rule: MultiBoxRule) -> tuple[float, Host, Host]:
    """(loss, its gradient by loc, by conf). prior (2, P, 4): boxes and variances."""
    count = prior.shape[1]
    offsets = loc.reshape(len(loc), count, -1, 4)
    scores = conf.reshape(len(loc), count, rule.classes)
    images = [_matches(o, prior, _objects(truth, image, rule), rule) for image, o in enumerate(offsets)]
    if rule.mining != "NONE":
        for offset, score, image in zip(offsets, scores, images, strict=True):
            _mine(offset, score, prior, image, rule)
    number = sum(len(at) for image in images for _, at, _ in image.matched)
    divisor = max(1.0, float(number) if rule.normalizer is None else rule.normalizer)
    d_offsets, d_scores = numpy.zeros_like(offsets), numpy.zeros_like(scores)
    total = 0.0
    for n, image in enumerate(images):
        location = _location_loss(offsets[n], prior, image, rule, d_offsets[n])
        confidence = _confidence_loss(scores[n], image, rule, d_scores[n])
        total += location * rule.with_location + confidence * rule.with_confidence
    d_offsets *= 1 / divisor
    d_scores *= 1 / divisor
    return total / divisor, d_offsets.reshape(loc.shape), d_scores.reshape(conf.shape)


def _objects(truth: Host, image: int, rule: MultiBoxRule) -> Host:
    """The rows of one image's objects that count."""
    mine = numpy.trunc(truth[:, 0]) == image
    if not rule.use_difficult:
        mine &= truth[:, 7] == 0
    return truth[mine]


def _matches(offset: Host, prior: Host, objects: Host, rule: MultiBoxRule) -> Matches:
    labels, things = objects[:, 1].astype("int64"), objects[:, 3:7]
    image = Matches(things, labels, {}, {}, numpy.zeros(0, "int64"))
    if not len(things):
        return image
    options: dict[str, Any] = {
        "threshold": rule.overlap_threshold,
        "per_prediction": rule.per_prediction,
        "ignore_cross_boundary": rule.ignore_cross_boundary,
    }
    classes = [0] if rule.share_location else [c for c in range(rule.classes) if c != rule.background]
    if rule.use_prior_for_matching:
        found, overlap = boxes.match(prior[0], things, **options)
        for c in classes:
            image.found[c] = found if rule.share_location else numpy.where((found > -1) & (labels[found] == c), found, -1)
            image.overlap[c] = overlap
        return image
    for c in classes:
        mine = numpy.arange(len(things)) if rule.share_location else numpy.flatnonzero(labels == c)
        found, image.overlap[c] = boxes.match(boxes.decode(offset[:, c], prior[0], prior[1], rule.code), things[mine], **options)
        image.found[c] = numpy.where(found > -1, mine[found], found) if len(mine) else found
    return image


def _mine(offset: Host, score: Host, prior: Host, image: Matches, rule: MultiBoxRule) -> None:
    """Choose the boxes that count: the worst of those without an object, or the worst of all. All classes share one location here."""
    if not image.found:
        return
    found, overlap = image.found[0], image.overlap[0]
    cost = _confidence_cost(score, _labels(image, rule), rule)
    if rule.mining == "HARD_EXAMPLE":
        eligible, wanted = numpy.arange(len(found)), rule.sample_size
        for c, at, things in image.matched:
            cost[at] += _location_cost(_location_error(offset, prior, image, rule, c, at, things), rule)
    else:
        eligible = numpy.flatnonzero((found == -1) & (overlap < rule.neg_overlap))
        wanted = int(numpy.count_nonzero(found > -1) * rule.neg_pos_ratio)
    if rule.nms is not None and rule.nms.threshold > 0:
        places = prior[0] if rule.use_prior_for_nms else boxes.decode(offset[:, 0], prior[0], prior[1], rule.code)
        order = boxes.suppress(places[eligible], cost[eligible], rule.nms, least_area=LEAST_AREA)
    else:
        order = numpy.argsort(-cost[eligible], kind="stable")
    chosen = numpy.zeros(len(found), "bool")
    chosen[eligible[order[:wanted]]] = True
    image.negatives = numpy.flatnonzero(chosen & (found == -1))
    if rule.mining == "HARD_EXAMPLE":
        found[(found > -1) & ~chosen] = -1


# -- where boxes are ---------------------------------------------------------------------------------------------------------------


def _location_loss(offset: Host, prior: Host, image: Matches, rule: MultiBoxRule, gradient: Host) -> float:
    """The loss of one image's locations; `gradient` (P, L, 4) is filled where boxes have an object."""
    total = 0.0
    for c, at, things in image.matched:
        error = _location_error(offset, prior, image, rule, c, at, things)
        total += rule.loc_weight * float(_location_cost(error, rule).sum(dtype="float64"))
        gradient[at, c] = rule.loc_weight * (error.clip(-1, 1) if rule.smooth_l1 else error)
    return total


def _location_error(offset: Host, prior: Host, image: Matches, rule: MultiBoxRule, c: int, at: Host, things: Host) -> Host:
    """How far the predictions for boxes `at` are from their objects, (boxes, 4)."""
    box, variance, predicted = prior[0, at], prior[1, at], offset[at, c]
    error: Host = predicted - boxes.encode(image.objects[things], box, variance, rule.code)
    if rule.code.in_target:
        error /= variance
    if rule.bp_inside:
        place = box if rule.use_prior_for_matching else boxes.decode(predicted, box, variance, rule.code)
        error[(place < 0) | (place > 1)] = 0
    return error


def _location_cost(error: Host, rule: MultiBoxRule) -> Host:
    distance = numpy.abs(error)
    cost = numpy.where((distance < 1) | (not rule.smooth_l1), error * error / 2, distance - 0.5)
    total: Host = cost.sum(axis=1)
    return total


# -- what boxes are ----------------------------------------------------------------------------------------------------------------


def _labels(image: Matches, rule: MultiBoxRule, *, count: int = 0) -> Host:
    """The class of each box: of its object, else the background."""
    labels = numpy.full(len(next(iter(image.found.values()))) if image.found else count, rule.background, "int64")
    for _, at, things in image.matched:
        labels[at] = rule.background + 1 if rule.agnostic else image.labels[things]
    return labels


def _confidence_loss(score: Host, image: Matches, rule: MultiBoxRule, gradient: Host) -> float:
    """The loss of one image's confidences; `gradient` (P, C) is filled where boxes count."""
    labels = _labels(image, rule, count=len(score))
    if rule.mining == "NONE":
        at = numpy.arange(len(score))
    else:
        at = numpy.concatenate([*(matched for _, matched, _ in image.matched), image.negatives])
    if rule.softmax:
        cost = _confidence_cost(score[at], labels[at], rule)
        gradient[at] = _softmax(score[at])
        gradient[at, labels[at]] -= 1
    else:
        target = numpy.zeros_like(score)
        if rule.mining != "NONE":
            target[image.negatives, rule.background] = 1
        for _, matched, _ in image.matched:
            target[matched, labels[matched]] = 1
        cost = _cross_entropy(score[at], target[at])
        gradient[at] = 0.5 * numpy.tanh(0.5 * score[at]) + 0.5 - target[at]
    return float(cost.sum(dtype="float64"))


def _confidence_cost(score: Host, labels: Host, rule: MultiBoxRule) -> Host:
    """What each box would cost if it counted, (boxes)."""
    if rule.softmax:
        chosen = _softmax(score)[numpy.arange(len(score)), labels]
        return -numpy.log(numpy.maximum(chosen, FLT_MIN))
    target = numpy.zeros_like(score)
    target[numpy.arange(len(score)), labels] = 1
    return _cross_entropy(score, target)


def _softmax(score: Host) -> Host:
    risen = numpy.exp(score - score.max(axis=1, keepdims=True))
    share: Host = risen / risen.sum(axis=1, keepdims=True)
    return share


def _cross_entropy(score: Host, target: Host) -> Host:
    """The sum over the classes of independent yes-or-no losses."""
    cost: Host = (score * ((score >= 0) - target) + numpy.log1p(numpy.exp(-numpy.abs(score)))).sum(axis=1)
    return cost
