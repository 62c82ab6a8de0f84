"""Images in other sizes, by OpenCV's rules for each kind of interpolation.

Caffe: none; util/im_transforms.cpp of weiliu89/caffe, branch ssd, and data_transformer.cpp of NVIDIA/caffe. Images are uint8, (height,
width, channels). INTER_LINEAR is OpenCV's to the bit; the others are rounded once, and OpenCV's may differ by 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import floor, sin
from typing import Any

import numpy as np

from ..errors import DataError
from . import image

LINEAR, AREA, NEAREST, CUBIC, LANCZOS4 = "LINEAR", "AREA", "NEAREST", "CUBIC", "LANCZOS4"
SHARPNESS = -0.75
"""OpenCV's parameter of the cubic kernel."""
TAPS = {CUBIC: 4, LANCZOS4: 8}
RANGES = ("img_rand_resize", "rand_resize_ratio", "vertical_stretch", "horizontal_stretch")
"""The fields of a RandomResize, each with _lower and _upper, in its order."""


def resized(picture: np.ndarray, height: int, width: int, how: str = LINEAR) -> np.ndarray:
    """The image in another size."""
    if picture.shape[:2] == (height, width):
        return picture
    if how == LINEAR:
        return image.resize(picture, height, width)
    old_height, old_width, channels = picture.shape
    if how == NEAREST:
        rows, columns = _nearest(old_height, height), _nearest(old_width, width)
        return np.ascontiguousarray(picture[rows[:, None], columns])
    shrinks = height <= old_height and width <= old_width
    rows, columns = weights(old_height, height, how, shrinks), weights(old_width, width, how, shrinks)
    across = np.matmul(columns, picture.astype(np.float32))
    both = rows @ across.reshape(old_height, width * channels)
    return np.rint(both).clip(0, 255).astype(np.uint8).reshape(height, width, channels)


@lru_cache(maxsize=256)
def weights(old: int, new: int, how: str, shrinks: bool) -> np.ndarray:
    """(new, old), float32: how much of each old place goes into each new one. shrinks: whether no axis grows."""
    if how == AREA and shrinks:
        return _areas(old, new)
    step = old / new
    table = np.zeros((new, old))
    for place in range(new):
        if how == AREA:
            first, shares = _between_areas(place, step)
        else:
            centre = (place + 0.5) * step - 0.5
            first, shares = floor(centre) - TAPS[how] // 2 + 1, _kernel(how, centre - floor(centre))
        for tap, share in enumerate(shares):
            table[place, min(max(first + tap, 0), old - 1)] += share
    return table.astype(np.float32)


def _areas(old: int, new: int) -> np.ndarray:
    """The part of each new place's area that each old one covers."""
    edges = np.arange(new + 1) * (old / new)
    places = np.arange(old)
    covered = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    return (covered.clip(0) / (old / new)).astype(np.float32)


def _between_areas(place: int, step: float) -> tuple[int, list[float]]:
    """INTER_AREA where an image grows: two neighbours, the second of which counts only near the edge between them."""
    first = floor(place * step)
    share = (place + 1) - (first + 1) / step
    share = 0.0 if share <= 0 else share - floor(share)
    return first, [1 - share, share]


def _kernel(how: str, offset: float) -> list[float]:
    """The shares of the taps around a place that is so far behind the tap before it."""
    if how == CUBIC:
        a = SHARPNESS
        far, near, rest = offset + 1, offset, 1 - offset
        shares = [
            ((a * far - 5 * a) * far + 8 * a) * far - 4 * a,
            ((a + 2) * near - (a + 3)) * near * near + 1,
            ((a + 2) * rest - (a + 3)) * rest * rest + 1,
        ]
        return [*shares, 1 - sum(shares)]
    distances = [(tap - 3) - offset for tap in range(8)]
    shares = [_sinc(d) * _sinc(d / 4) for d in distances]
    total = sum(shares)
    return [share / total for share in shares]


def _sinc(x: float) -> float:
    return 1.0 if abs(x) < 1e-12 else sin(np.pi * x) / (np.pi * x)


def _nearest(old: int, new: int) -> np.ndarray:
    return np.minimum(np.floor(np.arange(new) * (old / new)).astype(np.int64), old - 1)


@dataclass(frozen=True, slots=True)
class Fit:
    """How images come to one size, and their boxes with them. inside: as a whole, with borders; else stretched.

    how: kinds of interpolation, of which one is drawn. border: "constant", "reflect" or "edge". values: of a constant border, one or one a
    channel.
    """

    height: int
    width: int
    inside: bool = False
    how: tuple[str, ...] = (LINEAR,)
    border: str = "constant"
    values: tuple[float, ...] = ()

    def apply(self, picture: np.ndarray, draw: float) -> np.ndarray:
        """The image in that size. draw: 0 .. 1."""
        how = self.how[min(int(draw * len(self.how)), len(self.how) - 1)]
        if not self.inside:
            return resized(picture, self.height, self.width, how)
        height, width = self._within(picture.shape[0], picture.shape[1])
        small = resized(picture, height, width, how)
        top, left = (self.height - height) // 2, (self.width - width) // 2
        around = ((top, self.height - height - top), (left, self.width - width - left))
        if self.border != "constant":
            return np.pad(small, (*around, (0, 0)), mode="reflect" if self.border == "reflect" else "edge")
        canvas = np.empty((self.height, self.width, picture.shape[2]), np.uint8)
        canvas[...] = np.rint(np.asarray(self.values or (0,), np.float32)).clip(0, 255)
        canvas[top : top + height, left : left + width] = small
        return canvas

    def boxes(self, boxes: np.ndarray, height: int, width: int) -> np.ndarray:
        """Boxes (n, 4) in parts of an image of that size, in parts of what `apply` makes of it."""
        canvas = np.asarray([self.width, self.height] * 2, np.float32)
        if not self.inside:
            return boxes.clip(0, 1)
        aspect = width / height
        border = np.zeros(2, np.float32)
        if aspect > self.width / self.height:
            border[1] = (self.height - self.width / aspect) / 2
        else:
            border[0] = (self.width - self.height * aspect) / 2
        border = np.tile(border, 2)
        return (border + boxes.clip(0, 1) * (canvas - 2 * border)) / canvas

    def _within(self, height: int, width: int) -> tuple[int, int]:
        aspect = width / height
        if aspect > self.width / self.height:
            return max(1, floor(self.width / aspect)), self.width
        return self.height, max(1, floor(aspect * self.height))


@dataclass(frozen=True, slots=True)
class RandomResize:
    """NVIDIA's: images whose size is drawn anew each time. Ranges are of two ends each, both included.

    side: of the shorter side, (0, 0) to keep it. ratio: of the longer to the shorter. vertical, horizontal: factors on the sides.
    least: no side is shorter. grow: whether a side may be longer than the image's. down, up: kinds of interpolation.
    """

    side: tuple[int, int] = (0, 0)
    ratio: tuple[float, float] = (0.0, 0.0)
    vertical: tuple[float, float] = (1.0, 1.0)
    horizontal: tuple[float, float] = (1.0, 1.0)
    least: int = 0
    grow: bool = False
    down: str = NEAREST
    up: str = CUBIC

    @classmethod
    def of(cls, param: Any) -> RandomResize | None:
        """From a TransformationParameter; None where it asks for none. Raises DataError for ranges that are none."""
        if not any(param.HasField(f"{name}_{end}") for name in RANGES for end in ("lower", "upper")):
            return None
        ranges = {name: (getattr(param, f"{name}_lower"), getattr(param, f"{name}_upper")) for name in RANGES}
        for name, (low, high) in ranges.items():
            if low > high:
                raise DataError(f"{name}_lower is {low:g} and {name}_upper {high:g}", hint="The lower end is at most the upper one")
        if not param.crop_size:
            raise DataError("images of random sizes want a crop_size")
        kinds = param.DESCRIPTOR.fields_by_name["interpolation_algo_up"].enum_type.values_by_number
        down, up = (kinds[algo].name.removeprefix("INTER_") for algo in (param.interpolation_algo_down, param.interpolation_algo_up))
        side, ratio, vertical, horizontal = (ranges[name] for name in RANGES)
        return cls(side, ratio, vertical, horizontal, int(param.crop_size), param.allow_upscale, down, up)

    def size(self, height: int, width: int, draws: tuple[float, float, float, float]) -> tuple[int, int]:
        """(height, width) of what is made of an image of that size. draws: 0 .. 1 each."""
        short = min(height, width)
        low, high = self.side
        wanted = low + min(int(draws[0] * (high - low + 1)), high - low) if low > 0 and high > 0 else short
        new_height, new_width = height * wanted / short, width * wanted / short
        if self.ratio[0] >= 1 and self.ratio[1] > 1:
            halves = draws[1] * 2 % 1 if new_width == new_height else draws[1]
            longer = _from(self.ratio, halves)
            if new_width > new_height or (new_width == new_height and draws[1] >= 0.5):
                new_width = new_height * longer
            else:
                new_height = new_width * longer
        if min(self.vertical) > 0:
            new_height *= _from(self.vertical, draws[2])
        if min(self.horizontal) > 0:
            new_width *= _from(self.horizontal, draws[3])
        sides = [max(self.least, floor(side + 0.5)) for side in (new_height, new_width)]
        return (sides[0], sides[1]) if self.grow else (min(sides[0], height), min(sides[1], width))

    def apply(self, picture: np.ndarray, draws: tuple[float, float, float, float]) -> np.ndarray:
        """The image in a size that is drawn."""
        height, width = self.size(picture.shape[0], picture.shape[1], draws)
        shrinks = height <= picture.shape[0] and width <= picture.shape[1]
        return resized(picture, height, width, self.down if shrinks else self.up)


def _from(ends: tuple[float, float], draw: float) -> float:
    return ends[0] + draw * (ends[1] - ends[0])


def resized_planes(rule: RandomResize, planes: np.ndarray, words: tuple[int, int, int, int]) -> np.ndarray:
    """(channels, height, width) in a size that four words of 32 bits draw. Raises DataError for an image of floats, or one too small."""
    if planes.dtype != np.uint8:
        raise DataError("holds floats, but images of random sizes are of bytes")
    draws = words[0] / 2**32, words[1] / 2**32, words[2] / 2**32, words[3] / 2**32
    picture = rule.apply(np.ascontiguousarray(planes.transpose(1, 2, 0)), draws)
    if min(picture.shape[:2]) < rule.least:
        raise DataError(f"its image is smaller than crop_size, {rule.least}", hint="allow_upscale: true makes it larger")
    return picture.transpose(2, 0, 1)
