"""Changes of colour, drawn at random. Caffe: none; ApplyDistort of util/im_transforms.cpp of weiliu89/caffe, branch ssd.

Images are uint8, (height, width, 3), BGR. Hue, saturation and value are OpenCV's, whose hues are 0 .. 179.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError

SHIFT = 12
HUES = 180
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Distortion:
    """Each change: its probability, and the range that its amount is drawn from. order: the probability that channels change places."""

    brightness: tuple[float, Range] = (0.0, (0.0, 0.0))
    contrast: tuple[float, Range] = (0.0, (1.0, 1.0))
    saturation: tuple[float, Range] = (0.0, (1.0, 1.0))
    hue: tuple[float, Range] = (0.0, (0.0, 0.0))
    order: float = 0.0

    @classmethod
    def of(cls, param: Any) -> Distortion:
        """From a DistortionParameter. Raises DataError for a range that is none."""
        for name in ("contrast", "saturation"):
            low, high = getattr(param, f"{name}_lower"), getattr(param, f"{name}_upper")
            if not 0 <= low <= high:
                raise DataError(f"distort_param: {name}_lower is {low:g} and {name}_upper {high:g}", hint="0 <= lower <= upper")
        for name in ("brightness", "hue"):
            if getattr(param, f"{name}_delta") < 0:
                raise DataError(f"distort_param: {name}_delta is {getattr(param, f'{name}_delta'):g}", hint="It is 0 or more")
        return cls(
            brightness=(param.brightness_prob, (-param.brightness_delta, param.brightness_delta)),
            contrast=(param.contrast_prob, (param.contrast_lower, param.contrast_upper)),
            saturation=(param.saturation_prob, (param.saturation_lower, param.saturation_upper)),
            hue=(param.hue_prob, (-param.hue_delta, param.hue_delta)),
            order=param.random_order_prob,
        )

    def apply(self, picture: np.ndarray, draws: np.random.Generator) -> np.ndarray:
        """The image, changed or not. Contrast is changed second or fourth, by a toss of a coin."""
        changes = [(self.brightness, _brighter), (self.saturation, _more_saturated), (self.hue, _hue_turned)]
        changes.insert(1 if draws.random() > 0.5 else 3, (self.contrast, _steeper))
        for (probability, (low, high)), change in changes:
            if draws.random() < probability:
                picture = change(picture, low + draws.random() * (high - low))
        if draws.random() < self.order:
            picture = np.ascontiguousarray(picture[:, :, draws.permutation(3)])
        return picture


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _brighter(picture: np.ndarray, amount: float) -> np.ndarray:
    return _rounded(picture + np.float32(amount))


def _steeper(picture: np.ndarray, factor: float) -> np.ndarray:
    return _rounded(picture * np.float32(factor))


def _more_saturated(picture: np.ndarray, factor: float) -> np.ndarray:
    hsv = to_hsv(picture)
    hsv[:, :, 1] = _rounded(hsv[:, :, 1] * np.float32(factor))
    return from_hsv(hsv)


def _hue_turned(picture: np.ndarray, amount: float) -> np.ndarray:
    hsv = to_hsv(picture)
    hsv[:, :, 0] = _rounded(hsv[:, :, 0] + np.float32(amount))
    return from_hsv(hsv)


def to_hsv(picture: np.ndarray) -> np.ndarray:
    """BGR as hue, saturation and value, by OpenCV's fixed-point numbers."""
    blue, green, red = (picture[:, :, c].astype(np.int64) for c in range(3))
    value = np.maximum(np.maximum(blue, green), red)
    spread = value - np.minimum(np.minimum(blue, green), red)
    saturation = spread * _inverse(255.0)[value] + (1 << (SHIFT - 1)) >> SHIFT
    hue = np.where(value == red, green - blue, np.where(value == green, blue - red + 2 * spread, red - green + 4 * spread))
    hue = hue * _inverse(HUES / 6)[spread] + (1 << (SHIFT - 1)) >> SHIFT
    return np.stack([np.where(hue < 0, hue + HUES, hue), saturation, value], axis=-1).astype(np.uint8)


def _inverse(scale: float) -> np.ndarray:
    """scale / 0 .. scale / 255 in units of 1 / 4096; 0 for 0."""
    table = np.zeros(256, np.int64)
    table[1:] = np.rint((1 << SHIFT) * scale / np.arange(1, 256))
    return table


def from_hsv(hsv: np.ndarray) -> np.ndarray:
    """Hue, saturation and value as BGR."""
    sixth = hsv[:, :, 0].astype(np.float32) * np.float32(6 / HUES)
    saturation, value = (hsv[:, :, c].astype(np.float32) / np.float32(255) for c in (1, 2))
    sector = np.floor(sixth)
    part = sixth - sector
    levels = np.stack([value, value * (1 - saturation), value * (1 - saturation * part), value * (1 - saturation * (1 - part))])
    places = np.array([[1, 3, 0], [1, 0, 2], [3, 0, 1], [0, 2, 1], [0, 1, 3], [2, 1, 0]])[sector.astype(np.int64) % 6]
    return _rounded(np.take_along_axis(levels.transpose(1, 2, 0), places, axis=2) * np.float32(255))
