"""Windows of images, named in a window file, for R-CNN: foreground and background sampled in a fixed proportion.

Caffe: src/caffe/layers/window_data_layer.cpp. Which window is item i of a batch is a function of the key and its ordinal.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor

import numpy as np

from ..errors import DataError, Place
from . import image
from .draws import below, words
from .prefetch import RecordLoader, Shape
from .source import Record, Source
from .transform import Transform, times


@dataclass(frozen=True, slots=True)
class Window:
    """A box in an image, corners included, with its class; background has the label 0."""

    image: str
    label: int
    x1: int
    y1: int
    x2: int
    y2: int


class WindowSource(Source):
    """Random windows: the last fg_fraction of each batch of foreground, the others of background.

    The file has, for each image: `# index`, path, channels, height, width, how many windows, and for each of them a line
    `class overlap x1 y1 x2 y2`.
    """

    def __init__(self, path: str, *, batch_size: int, fg_fraction: float, fg_threshold: float, bg_threshold: float, root_folder: str = ""):
        super().__init__(path)
        self.batch_size = batch_size
        self.foreground: list[Window] = []
        self.background: list[Window] = []
        self.channels = self._read_file(root_folder, np.float32(fg_threshold), np.float32(bg_threshold))
        self.foreground_items = int(np.float32(batch_size) * np.float32(fg_fraction))
        for wanted, windows, name in (
            (self.foreground_items, self.foreground, "foreground"),
            (batch_size - self.foreground_items, self.background, "background"),
        ):
            if wanted and not windows:
                raise self.error(
                    f"has no {name} windows, and a batch takes {wanted}", hint="See fg_threshold, bg_threshold and fg_fraction"
                )

    def _next(self) -> Record:
        item = self.position // self.ranks % self.batch_size
        windows = self.background if item < self.batch_size - self.foreground_items else self.foreground
        window = windows[below(words(self.key, self.position)[0], len(windows))]
        return Record(self.position, window.image, window)

    def _read_file(self, root_folder: str, fg_threshold: np.float32, bg_threshold: np.float32) -> int:
        """Fill foreground and background; how many channels the images have."""
        tokens = self._tokens()
        channels = 0
        for token in tokens:
            if token != "#":
                raise self.error(f"has {token!r} where '# INDEX' of an image should be")
            _, name, channels = self._integer(tokens), self._word(tokens), self._integer(tokens)
            _, _, count = self._integer(tokens), self._integer(tokens), self._integer(tokens)
            for _ in range(count):
                label, overlap = self._integer(tokens), np.float32(self._number(tokens))
                box = [self._integer(tokens) for _ in range(4)]
                if overlap >= fg_threshold:
                    if label < 1:
                        raise self.error(
                            f"a window of {name!r} is foreground with the label {label}", hint="Labels begin at 1; 0 is background"
                        )
                    self.foreground.append(Window(root_folder + name, label, *box))
                elif overlap < bg_threshold:
                    self.background.append(Window(root_folder + name, 0, *box))
        if not channels:
            raise self.error("names no images")
        return channels

    def _tokens(self) -> Iterator[str]:
        try:
            with open(self.path, encoding="utf-8", errors="surrogateescape") as file:
                for line in file:
                    yield from line.split()
        except (OSError, ValueError) as error:
            hint = "" if os.path.isabs(self.path) else f"Paths are relative to {os.getcwd()}"
            raise self.error(f"cannot be read: {getattr(error, 'strerror', None) or error}", hint=hint) from error

    def _word(self, tokens: Iterator[str]) -> str:
        token = next(tokens, None)
        if token is None:
            raise self.error("ends in the middle of an image's windows")
        return token

    def _number(self, tokens: Iterator[str]) -> float:
        token = self._word(tokens)
        try:
            return float(token)
        except ValueError:
            raise self.error(f"has {token!r} where a number should be") from None

    def _integer(self, tokens: Iterator[str]) -> int:
        number = self._number(tokens)
        if not number.is_integer():
            raise self.error(f"has {number} where a whole number should be")
        return int(number)


class WindowLoader(RecordLoader):
    """Windows -> the box, warped to crop_size, with context_pad pixels of context around it, and the label as a float.

    square: take the tightest square around the box instead of the box. cache: keep images in memory once they are read.
    """

    def __init__(self, transform: Transform, *, channels: int, context_pad: int = 0, square: bool = False, cache: bool = False):
        self.transform, self.channels, self.context_pad, self.square = transform, channels, context_pad, square
        self._read = lru_cache(maxsize=None)(_read_image) if cache else _read_image
        _check_mean(transform, channels)
        if 2 * context_pad >= transform.crop_size:
            raise DataError(f"context_pad {context_pad} on both sides leaves nothing of crop_size {transform.crop_size}")

    def shapes(self, first: Record) -> list[Shape]:
        return [(self.channels, self.transform.crop_size, self.transform.crop_size), ()]

    def load(self, record: Record, out: Sequence[np.ndarray]) -> None:
        window: Window = record.value
        pixels = self._read(window.image)
        if pixels.shape[2] != self.channels:
            raise DataError(f"image has {pixels.shape[2]} channels, not {self.channels}", place=Place(window.image))
        transform, crop = self.transform, self.transform.crop_size
        flip = transform.mirror and below(words(self.key, record.ordinal)[1], 2) == 1
        box, size, (top, left) = place(window, pixels.shape, crop, self.context_pad, self.square, flip)
        x1, y1, x2, y2 = box
        if min(size) < 1:
            raise DataError(f"window {(window.x1, window.y1, window.x2, window.y2)} leaves nothing to see", place=Place(window.image))
        if not (0 <= x1 <= x2 < pixels.shape[1] and 0 <= y1 <= y2 < pixels.shape[0]):
            raise DataError(f"window {(window.x1, window.y1, window.x2, window.y2)} lies outside of it", place=Place(window.image))
        warped = image.resize(np.ascontiguousarray(pixels[y1 : y2 + 1, x1 : x2 + 1]), *size)
        planes = image.planes(warped[:, ::-1] if flip else warped).astype(np.float32)
        where = np.s_[:, top : top + size[0], left : left + size[1]]
        out[0].fill(0)
        out[0][where] = (planes - self._mean(where)) * transform.scale
        out[1][0] = window.label

    def _mean(self, where: tuple[slice, ...]) -> np.ndarray | np.float32:
        """The mean of the middle of the mean image, where the window is put; or one value a channel; or 0."""
        mean, crop = self.transform.mean, self.transform.crop_size
        if not mean.size:
            return np.float32(0)
        if mean.shape[1:] == (1, 1):
            return mean
        offset = (mean.shape[2] - crop) // 2
        return mean[:, offset : offset + crop, offset : offset + crop][where]


def place(
    window: Window, shape: tuple[int, ...], crop: int, context_pad: int, square: bool, flip: bool
) -> tuple[tuple[int, int, int, int], tuple[int, int], tuple[int, int]]:
    """(box to cut out of the image, (height, width) to warp it to, (top, left) in the crop)."""
    x1, y1, x2, y2 = window.x1, window.y1, window.x2, window.y2
    if not context_pad and not square:
        return (x1, y1, x2, y2), (crop, crop), (0, 0)
    grow = np.float32(crop) / np.float32(crop - 2 * context_pad)
    half_height, half_width = np.float32(y2 - y1 + 1) / np.float32(2), np.float32(x2 - x1 + 1) / np.float32(2)
    center_x, center_y = np.float32(x1) + half_width, np.float32(y1) + half_height
    if square:
        half_height = half_width = max(half_height, half_width)
    x1, x2 = _rounded(center_x - half_width * grow), _rounded(center_x + half_width * grow)
    y1, y2 = _rounded(center_y - half_height * grow), _rounded(center_y + half_height * grow)
    outside = max(0, -x1), max(0, -y1), max(0, x2 - shape[1] + 1), max(0, y2 - shape[0] + 1)
    scale_x, scale_y = np.float32(crop) / np.float32(x2 - x1 + 1), np.float32(crop) / np.float32(y2 - y1 + 1)
    box = x1 + outside[0], y1 + outside[1], x2 - outside[2], y2 - outside[3]
    width = _rounded(np.float32(box[2] - box[0] + 1) * scale_x)
    height = _rounded(np.float32(box[3] - box[1] + 1) * scale_y)
    top = _rounded(np.float32(outside[1]) * scale_y)
    left = _rounded(np.float32(outside[2] if flip else outside[0]) * scale_x)
    return box, (min(height, crop - top), min(width, crop - left)), (top, left)


def _rounded(value: np.float32) -> int:
    """To the nearest whole number, halves away from 0."""
    return floor(abs(float(value)) + 0.5) * (1 if value >= 0 else -1)


def _read_image(path: str) -> np.ndarray:
    return image.read(path, color=True)


def _check_mean(transform: Transform, channels: int) -> None:
    mean, crop = transform.mean, transform.crop_size
    if not crop:
        raise DataError("crop_size is not written, and windows are warped to it")
    if mean.size and (mean.shape[0] not in (1, channels) or (mean.shape[1:] != (1, 1) and min(mean.shape[1:]) < crop)):
        raise DataError(f"the mean of {times(mean.shape)} does not cover {channels} channels of {crop} x {crop}")
