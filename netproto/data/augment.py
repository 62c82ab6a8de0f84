"""What SSD does to images and the boxes on them before the transform: colours, a larger canvas, a piece, one size.

Caffe: none; data_transformer.cpp, util/sampler.cpp and util/bbox_util.cpp of weiliu89/caffe, branch ssd; jitter is of
eric612/MobileNet-YOLO. Images are uint8, (height, width, channels); boxes (n, 7) of class, instance, xmin, ymin, xmax, ymax, difficult, in
parts of their image. Where SSD packs an image as JPEG between two steps, this does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .distort import Distortion
from .resize import Fit

LABEL, BOX = 0, slice(2, 6)
WHOLE = np.array([0, 0, 1, 1], np.float32)
Ends = tuple[float | None, float | None]
Draws = np.random.Generator


@dataclass(frozen=True, slots=True)
class Emit:
    """Which boxes stay with a piece: those whose centre is in it, or, where `part` is given, of which more than that part is in it."""

    part: float | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How pieces are drawn. size, aspect: the ranges of their scale and shape. trials: how many are drawn; most: how many may be kept.

    overlap, of_piece, of_object: bounds on intersection over union, on the part of the piece that an object covers, and on the part of the
    object that the piece covers; one object at least must meet all that are given.
    """

    size: tuple[float, float] = (1.0, 1.0)
    aspect: tuple[float, float] = (1.0, 1.0)
    trials: int = 100
    most: int | None = None
    overlap: Ends = (None, None)
    of_piece: Ends = (None, None)
    of_object: Ends = (None, None)

    def pieces(self, boxes: np.ndarray, draws: Draws) -> np.ndarray:
        """(k, 4): those of the pieces that are kept."""
        scale, aspect, x, y = draws.random((4, self.trials))
        scale = self.size[0] + scale * (self.size[1] - self.size[0])
        aspect = self.aspect[0] + aspect * (self.aspect[1] - self.aspect[0])
        aspect = np.minimum(np.maximum(aspect, scale**2), 1 / scale**2)
        width, height = scale * np.sqrt(aspect), scale / np.sqrt(aspect)
        left, top = x * (1 - width), y * (1 - height)
        drawn = np.stack([left, top, left + width, top + height], axis=1)
        return drawn[self._fits(drawn, boxes[:, BOX])][: self.most]

    def _fits(self, pieces: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        if self.overlap == self.of_piece == self.of_object == (None, None):
            return np.ones(len(pieces), bool)
        common = _area(_common(pieces[:, None], boxes[None]))
        piece, thing = _area(pieces)[:, None], _area(boxes)[None]
        fits = np.ones(common.shape, bool)
        for bounds, whole in ((self.overlap, piece + thing - common), (self.of_piece, piece), (self.of_object, thing)):
            part = np.divide(common, whole, out=np.zeros_like(common), where=common > 0)
            if bounds[0] is not None:
                fits &= part >= bounds[0]
            if bounds[1] is not None:
                fits &= part <= bounds[1]
        return np.asarray(fits.any(axis=1))


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What is done, in this order. expand: its probability, and the largest factor. fill: the canvas's colour, one or one a channel.

    jitter: how much of its width and height a piece may lack at most, where there are no samplings. emit: None keeps all boxes that touch.
    """

    distortion: Distortion | None = None
    expand: tuple[float, float] = (0.0, 1.0)
    fill: tuple[float, ...] = ()
    samplings: tuple[Sampling, ...] = ()
    jitter: float = 0.0
    fit: Fit | None = None
    emit: Emit | None = field(default=None)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of what is made of an image of that size, where it does not depend on what is drawn."""
        return (self.fit.height, self.fit.width) if self.fit else (height, width)

    def apply(self, picture: np.ndarray, boxes: np.ndarray, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
        """The image and its boxes, changed."""
        if self.distortion is not None and picture.shape[2] == 3:
            picture = self.distortion.apply(picture, draws)
        picture, boxes = self._expanded(picture, boxes, draws)
        picture, boxes = self._piece(picture, boxes, draws)
        if self.fit is not None:
            boxes = boxes.copy()
            boxes[:, BOX] = self.fit.boxes(boxes[:, BOX], *picture.shape[:2])
            picture = self.fit.apply(picture, float(draws.random()))
        return picture, boxes

    def _expanded(self, picture: np.ndarray, boxes: np.ndarray, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
        probability, most = self.expand
        if abs(most - 1) < 0.01 or draws.random() > probability:
            return picture, boxes
        factor = 1 + draws.random() * (most - 1)
        height, width = picture.shape[:2]
        tall, wide = int(height * factor), int(width * factor)
        top, left = int(draws.random() * (tall - height)), int(draws.random() * (wide - width))
        canvas = np.empty((tall, wide, picture.shape[2]), np.uint8)
        canvas[...] = np.rint(np.asarray(self.fill or (0,), np.float32)).clip(0, 255)
        canvas[top : top + height, left : left + width] = picture
        window = np.array([-left / width, -top / height, (wide - left) / width, (tall - top) / height], np.float32)
        return canvas, cut(boxes, window, self.emit)

    def _piece(self, picture: np.ndarray, boxes: np.ndarray, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
        found = np.concatenate([np.zeros((0, 4)), *(sampling.pieces(boxes, draws) for sampling in self.samplings)])
        if not self.samplings and self.jitter:
            found = self._jittered(draws)
        if not len(found):
            return picture, boxes
        window = found[int(draws.integers(len(found)))].clip(0, 1)
        height, width = picture.shape[:2]
        left, top = int(window[0] * width), int(window[1] * height)
        wide, tall = max(1, int((window[2] - window[0]) * width)), max(1, int((window[3] - window[1]) * height))
        left, top = min(left, width - wide), min(top, height - tall)
        return np.ascontiguousarray(picture[top : top + tall, left : left + wide]), cut(boxes, window.astype(np.float32), self.emit)

    def _jittered(self, draws: Draws) -> np.ndarray:
        """One piece: the whole, or cut by up to half of the jitter, or by up to all of it."""
        kind = draws.random()
        if kind < 0.2:
            return WHOLE[None].astype("float64")
        amount = self.jitter / 2 if kind < 0.4 else self.jitter
        width = 1 - amount * draws.random()
        height = width if self.fit is not None and self.fit.inside else 1 - amount * draws.random()
        left, top = draws.random() * (1 - width), draws.random() * (1 - height)
        return np.array([[left, top, left + width, top + height]])


def cut(boxes: np.ndarray, window: np.ndarray, emit: Emit | None) -> np.ndarray:
    """The boxes of which something is in the window, and which `emit` lets stay, in parts of the window and cut at its borders."""
    place = boxes[:, BOX]
    stays = (place[:, 0] < window[2]) & (place[:, 2] > window[0]) & (place[:, 1] < window[3]) & (place[:, 3] > window[1])
    if emit is not None and emit.part is None:
        centre = (place[:, :2] + place[:, 2:]) / 2
        stays &= ((centre >= window[:2]) & (centre <= window[2:])).all(axis=1)
    elif emit is not None and emit.part is not None:
        area = _area(place)
        part = np.divide(_area(_common(place, window)), area, out=np.zeros_like(area), where=area > 0)
        stays &= part > emit.part
    kept = boxes[stays].copy()
    size = np.tile(window[2:] - window[:2], 2)
    kept[:, BOX] = ((kept[:, BOX] - np.tile(window[:2], 2)) / size).clip(0, 1)
    return kept[_area(kept[:, BOX]) > 0]


def _common(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.concatenate([np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])], axis=-1)


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2:] - boxes[..., :2]).clip(0).prod(axis=-1)
