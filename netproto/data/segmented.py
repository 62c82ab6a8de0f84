"""Images with a label for each pixel, in windows that may be larger than they are: what DeepLab and PSPNet learn from.

Caffe: none; image_seg_data_layer.cpp and data_transformer.cpp of TheLegendAli/DeepLab-Context and of hszhao/PSPNet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import DataError, Place
from . import image
from .draws import below, words
from .image_list import ImageListSource
from .prefetch import RecordLoader, Shape
from .resize import NEAREST, resized
from .source import Record
from .transform import Transform, times

Size = tuple[int, int]
NONE, IMAGE, PIXEL = "NONE", "IMAGE", "PIXEL"
_WHOLE = re.compile(r"[+-]?\d+")


class SegmentedListSource(ImageListSource):
    """The lines of a list, in their order or shuffled anew in each epoch. labels: what follows the path of an image."""

    def __init__(self, path: str, labels: str, *, root_folder: str = "", shuffle: bool = False, rand_skip: int = 0):
        self.labels = labels
        super().__init__(path, root_folder=root_folder, shuffle=shuffle, rand_skip=rand_skip)

    def listed(self, number: int, line: str, root_folder: str) -> tuple[str, int | str]:
        """The path of an image, and the label of all of it or the path of its labels."""
        picture, *rest = line.split()
        if self.labels == PIXEL:
            if not rest:
                hint = "IMAGE LABELS, without spaces in paths"
                raise DataError(f"{line!r} is not two paths", place=Place(self.path, number, 1), hint=hint)
            return root_folder + picture, root_folder + rest[0]
        number_behind = _WHOLE.match(rest[0]) if self.labels == IMAGE and rest else None
        return root_folder + picture, int(number_behind[0]) if number_behind else 0


@dataclass(frozen=True, slots=True)
class Windows:
    """What is cut out of an image. size: what it is resized to before; crop: of the window; (0, 0) for none of both.

    factors: on the sides, of which one is drawn; none for 1. mirror: whether every other image, as it is drawn, is flipped.
    random: whether the window is anywhere, and not in the middle.
    """

    size: Size = (0, 0)
    crop: Size = (0, 0)
    factors: tuple[float, ...] = ()
    mirror: bool = False
    random: bool = False


class SegmentedLoader(RecordLoader):
    """(path, label or path) records -> the image, the labels of its pixels as one plane, and how much of the window the image fills.

    Where the window sticks out of the image, below it and to its right, it has the mean's colour and the label `outside`.
    """

    def __init__(self, transform: Transform, windows: Windows, *, labels: str, outside: int, color: bool = True):
        self.transform, self.windows = transform, windows
        self.labels, self.outside, self.color = labels, outside, color

    def shapes(self, first: Record) -> list[Shape]:
        windows, channels = self.windows, 3 if self.color else 1
        plane = windows.crop if windows.crop[0] else windows.size if windows.size[0] else self._read(first.value[0], self.color).shape[:2]
        self.transform.out_shape((channels, *plane))
        return [(channels, *plane), (1, *plane), (1, 1, 2)]

    def load(self, record: Record, out: Sequence[np.ndarray]) -> None:
        plane = out[0].shape[1:]
        picture = self._read(record.value[0], self.color)
        labels = self._labels(record.value[1], picture)
        if not self.windows.crop[0] and picture.shape[:2] != plane:
            raise DataError(
                f"its image is {times(picture.shape[:2])}, the first of its batch {times(plane)} (height x width)",
                hint="Bring all images to one size, crop them, or batch_size: 1",
            )
        out[2][0, 0] = min(plane[0], picture.shape[0]), min(plane[1], picture.shape[1])
        draw = words(self.key, record.ordinal)
        factor = self.windows.factors[below(draw[3], len(self.windows.factors))] if self.windows.factors else 1
        if factor != 1:
            height, width = (max(1, int(np.float32(side) * np.float32(factor))) for side in picture.shape[:2])
            picture, labels = resized(picture, height, width), resized(labels, height, width, NEAREST)
        spare = max(picture.shape[0] - plane[0], 0), max(picture.shape[1] - plane[1], 0)
        top, left = (below(draw[1], spare[0] + 1), below(draw[2], spare[1] + 1)) if self.windows.random else (spare[0] // 2, spare[1] // 2)
        window = slice(top, top + plane[0]), slice(left, left + plane[1])
        cut = np.ascontiguousarray(image.planes(picture[window]))
        values = np.empty(cut.shape, np.float32)
        self.transform.apply(cut, values, key=self.key, ordinal=record.ordinal)
        whole = [np.zeros(out[0].shape, np.float32), np.full(plane, self.outside, np.float32)]
        whole[0][:, : cut.shape[1], : cut.shape[2]] = values
        whole[1][: cut.shape[1], : cut.shape[2]] = labels[window][:, :, 0]
        step = -1 if self.windows.mirror and below(draw[0], 2) else 1
        out[0][...], out[1][0] = whole[0][:, :, ::step], whole[1][:, ::step]

    def _labels(self, told: int | str, picture: np.ndarray) -> np.ndarray:
        """(height, width, 1), as bytes."""
        if isinstance(told, int):
            level = self.outside if self.labels == NONE else told
            return np.full((*picture.shape[:2], 1), min(max(level, 0), 255), np.uint8)
        labels = self._read(told, False, NEAREST)
        if picture.shape[:2] != labels.shape[:2]:
            raise DataError(f"its image is {times(picture.shape[:2])}, but its labels are {times(labels.shape[:2])} (height x width)")
        return labels

    def _read(self, path: str, color: bool, how: str = "LINEAR") -> np.ndarray:
        read = image.read(path, color=color)
        return resized(read, *self.windows.size, how) if self.windows.size[0] else read
