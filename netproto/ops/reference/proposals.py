"""Regions that may hold an object, from anchors: Faster R-CNN's. All on the host, but for what comes out.

Caffe: none; proposal_layer.cpp and nms.cpp of sanghoon/caffe, branch dev_pvanet.
"""

from __future__ import annotations

from typing import Any

import numpy
from numpy.typing import NDArray

from ..detection import AnchorGrid
from .arrays import Array, Arrays

Boxes = NDArray[Any]


class Proposals(Arrays):
    """score (2 A, H, W), the second half that of an object; delta (4 A, H, W); A anchors, numbered by shape, then size."""

    def proposals(self, score: Array, delta: Array, info: Array, *, grid: AnchorGrid) -> tuple[Boxes, NDArray[Any]]:
        """(x1, y1, x2, y2 of each region in pixels, and its score) on the host, the best first. info: the image's height, width, scales."""
        anchors = _anchors(grid)
        boxes = _moved(_placed(anchors, score.shape[1:], grid.stride), _by_place(self.to_host(delta), 4))
        height, width, *scales = self.to_host(info).reshape(-1)[:4].tolist()
        boxes = boxes.clip(0, numpy.asarray([width - 1, height - 1] * 2))
        least = numpy.asarray([scales[-1], scales[0]]) * grid.least
        large = (boxes[:, 2:] - boxes[:, :2] + 1 >= least).all(axis=1)
        scores = _by_place(self.to_host(score)[len(anchors) :], 1)[:, 0] * large
        best = numpy.argsort(-scores, kind="stable")[: grid.before]
        kept = best[_suppressed(boxes[best], grid.overlap, grid.after)]
        return boxes[kept], scores[kept]


def pixel_overlaps(box: Boxes, others: Boxes) -> NDArray[Any]:
    """Intersection over union of a box (4) with others (n, 4), both ends being part of a box."""
    common = numpy.minimum(box[2:], others[:, 2:]) - numpy.maximum(box[:2], others[:, :2])
    apart = (common < 0).any(axis=1)
    area = numpy.where(apart, 0, (common + 1).prod(axis=1))
    return area / ((box[2:] - box[:2] + 1).prod() + (others[:, 2:] - others[:, :2] + 1).prod(axis=1) - area)


def _anchors(grid: AnchorGrid) -> Boxes:
    """(A, 4): squares of the grid's base, in its shapes, each in its sizes, around the middle of one."""
    centre = (grid.base - 1) / 2
    boxes = []
    for ratio in grid.ratios:
        width = int((grid.base**2 / ratio) ** 0.5 + 0.5)
        height = int(width * ratio + 0.5)
        for scale in grid.scales:
            half_width, half_height = (width * scale - 1) / 2, (height * scale - 1) / 2
            boxes.append([centre - half_width, centre - half_height, centre + half_width, centre + half_height])
    return numpy.asarray(boxes)


def _placed(anchors: Boxes, plane: tuple[int, int], stride: int) -> Boxes:
    """All anchors at all places, row by row."""
    y, x = (numpy.arange(extent) * stride for extent in plane)
    corner = numpy.stack(numpy.broadcast_arrays(x[None, :], y[:, None]), axis=-1)
    shift = numpy.concatenate([corner, corner], axis=-1)
    return (shift[:, :, None] + anchors).reshape(-1, 4)


def _by_place(x: NDArray[Any], values: int) -> NDArray[Any]:
    """(A * values, H, W) as (H * W * A, values)."""
    return x.reshape(-1, values, *x.shape[1:]).transpose(2, 3, 0, 1).reshape(-1, values)


def _moved(boxes: Boxes, delta: Boxes) -> Boxes:
    """Each box with its centre moved by parts of its size, and its size times the exponential."""
    size = boxes[:, 2:] - boxes[:, :2] + 1
    centre = boxes[:, :2] + size / 2 + delta[:, :2] * size
    half = numpy.exp(delta[:, 2:]) * size / 2
    return numpy.concatenate([centre - half, centre + half], axis=1)


def _suppressed(boxes: Boxes, overlap: float, most: int) -> list[int]:
    """Which boxes stay, of those that come best first, at most so many."""
    kept: list[int] = []
    alive = numpy.ones(len(boxes), bool)
    for i, box in enumerate(boxes):
        if len(kept) == most:
            break
        if alive[i]:
            kept.append(i)
            alive[i + 1 :] &= pixel_overlaps(box, boxes[i + 1 :]) <= overlap
    return kept
