"""What a test of a detector says: the mean over the classes of their average precision, from the rows of DetectionEvaluate layers.

Caffe: none; Solver::TestDetection and ComputeAP of weiliu89/caffe, branch ssd.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import SolverError
from ..schema.places import place_of
from .report import Output

log = logging.getLogger("netproto.solver")

COLUMNS = 5
NO_IMAGE = -1
SAME = 1e-6  # recalls that differ by less are one


@dataclass
class Tally:
    """One class: how many objects it has, and for each detection its score and whether it is right."""

    objects: int = 0
    detections: list[tuple[float, bool]] = field(default_factory=list)


class AveragePrecisions:
    """The detections of a test net's outputs over its forward passes. version: 11point, MaxIntegral or Integral."""

    def __init__(self, version: str, *, show_classes: bool):
        self.version, self.show_classes = version, show_classes
        self._tallies: dict[str, dict[int, Tally]] = {}

    def add(self, net: Any) -> None:
        """Count in the outputs of a net that has just run forward. Raises SolverError for one that is not of a DetectionEvaluate layer."""
        for name in net.outputs:
            blob = net.blobs[name]
            if len(blob.shape) != 4 or blob.shape[3] != COLUMNS:
                raise SolverError(
                    f"output {name!r} has the shape {tuple(blob.shape)}, but eval_type: 'detection' wants rows of 5",
                    hint="They are the top of a DetectionEvaluate layer; Silence takes other tops away",
                )
            tallies = self._tallies.setdefault(name, defaultdict(Tally))
            for image, label, score, right, wrong in net.ops.to_host(blob.data).reshape(-1, COLUMNS).tolist():
                tally = tallies[int(label)]
                if int(image) == NO_IMAGE:
                    tally.objects += int(score)
                elif right or wrong:
                    tally.detections.append((score, bool(right)))

    def __iter__(self) -> Iterator[Output]:
        """For each output its name and the mean over its classes."""
        for name, tallies in self._tallies.items():
            total = 0.0
            for label, tally in sorted(tallies.items()):
                if not tally.detections:
                    log.warning("No detection of class %d", label)
                    continue
                precision = average_precision(tally.detections, tally.objects, self.version)
                total += precision
                if self.show_classes:
                    log.info("class%d: %g", label, precision)
            yield name, total / max(1, len(tallies)), 0.0


def average_precision(detections: Sequence[tuple[float, bool]], objects: int, version: str) -> float:
    """The average precision of detections, score and whether right, of so many objects; the better come first, ties as they stand."""
    if not detections or not objects:
        return 0.0
    recalls, precisions, right = [], [], 0
    for number, (_, hit) in enumerate(sorted(detections, key=lambda detection: -detection[0]), 1):
        right += hit
        recalls.append(right / objects)
        precisions.append(right / number)
    return VERSIONS[version](recalls, precisions)


def _eleven_points(recalls: Sequence[float], precisions: Sequence[float]) -> float:
    """The mean of the best precisions at a recall of 0, 0.1, ... 1 or more."""
    reached = ([p for r, p in zip(recalls, precisions, strict=True) if r >= j / 10] for j in range(11))
    return sum(max(found, default=0.0) for found in reached) / 11


def _max_integral(recalls: Sequence[float], precisions: Sequence[float]) -> float:
    """The area under the best precision at each recall or more."""
    area, best, recall = 0.0, precisions[-1], recalls[-1]
    for before, precision in zip(recalls[-2::-1], precisions[-2::-1], strict=True):
        best = max(best, precision)
        if recall - before > SAME:
            area += best * (recall - before)
        recall = before
    return area + best * recall


def _integral(recalls: Sequence[float], precisions: Sequence[float]) -> float:
    """The area under the precisions, each from the recall before to its own."""
    area = before = 0.0
    for recall, precision in zip(recalls, precisions, strict=True):
        if recall - before > SAME:
            area += precision * (recall - before)
        before = recall
    return area


VERSIONS = {"11point": _eleven_points, "MaxIntegral": _max_integral, "Integral": _integral}


def check(message: Any) -> None:
    """Raise SolverError for an eval_type or ap_version of a SolverParameter that is not known."""
    for name, known in (("eval_type", ("classification", "detection")), ("ap_version", tuple(VERSIONS))):
        if getattr(message, name) not in known:
            raise SolverError(
                f"unknown {name} {getattr(message, name)!r}", place=place_of(message, name), hint=f"Known: {', '.join(known)}"
            )
