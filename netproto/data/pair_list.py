"""Images and images of their pixels' labels, named in a list file, two paths a line.

Caffe: none; dense_image_data_layer.cpp of alexgkendall/caffe-segnet.
"""

from __future__ import annotations

from collections.abc import Sequence

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


class PairListSource(ImageListSource):
    """The lines of a list, in their order or shuffled anew in each epoch."""

    def listed(self, number: int, line: str, root_folder: str) -> tuple[str, str]:
        """The paths of an image and of its labels."""
        paths = line.split()
        if len(paths) != 2:
            raise DataError(f"{line!r} is not two paths", place=Place(self.path, number, 1), hint="IMAGE LABELS, without spaces in paths")
        return root_folder + paths[0], root_folder + paths[1]


class PairLoader(RecordLoader):
    """(path, path) records -> the image, and its labels as one plane; both in the same window, mirrored together.

    size: what both are resized to, (0, 0) for no resizing; crop: of the window, drawn at random; (0, 0) for none.
    """

    def __init__(self, transform: Transform, *, color: bool, size: Size = (0, 0), crop: Size = (0, 0), mirror: bool = False):
        self.transform, self.color = transform, color
        self.size, self.crop, self.mirror = size, crop, mirror

    def shapes(self, first: Record) -> list[Shape]:
        channels = 3 if self.color else 1
        plane = self.crop if self.crop[0] else self.size if self.size[0] else image.read(first.value[0], color=self.color).shape[:2]
        return [(channels, *plane), (1, *plane)]

    def load(self, record: Record, out: Sequence[np.ndarray]) -> None:
        picture = image.read(record.value[0], color=self.color)
        labels = image.read(record.value[1], color=False)
        if self.size[0]:
            picture, labels = resized(picture, *self.size), resized(labels, *self.size, NEAREST)
        if picture.shape[:2] != labels.shape[:2]:
            raise DataError(f"its image is {times(picture.shape[:2])}, but its labels are {times(labels.shape[:2])} (height x width)")
        picture, labels = self._window(picture, labels, words(self.key, record.ordinal))
        self.transform.apply(np.ascontiguousarray(image.planes(picture)), out[0], key=self.key, ordinal=record.ordinal)
        if labels.shape[:2] != out[1].shape[1:]:
            raise DataError(
                f"its image is {times(labels.shape[:2])}, the first of its batch {times(out[1].shape[1:])} (height x width)",
                hint="Bring all images to one size, crop them, or batch_size: 1",
            )
        out[1][0] = labels[:, :, 0]

    def _window(self, picture: np.ndarray, labels: np.ndarray, draw: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
        if self.mirror and below(draw[0], 2):
            picture, labels = picture[:, ::-1], labels[:, ::-1]
        height, width = self.crop
        if not height:
            return picture, labels
        down, right = picture.shape[0] - height, picture.shape[1] - width
        if min(down, right) < 0:
            raise DataError(f"its image is {times(picture.shape[:2])}, smaller than the window of {height} x {width}")
        top, left = below(draw[1], down + 1), below(draw[2], right + 1)
        window = slice(top, top + height), slice(left, left + width)
        return picture[window], labels[window]
