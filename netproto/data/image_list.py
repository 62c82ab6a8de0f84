"""Images named in a list file, a path and a label a line.

Caffe: src/caffe/layers/image_data_layer.cpp. The order of a shuffled epoch is a function of the key and the epoch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError, Place
from . import image
from .draws import below, subkey, words
from .lists import read_lines
from .pictures import PictureLoader
from .source import Record, Source
from .transform import Shape3, Transform

Listed = tuple[str, int]
"""(path, label)."""


class ImageListSource(Source):
    """The lines of a list, in their order or shuffled anew in each epoch. rand_skip: begin at a random line of the first so many."""

    def __init__(self, path: str, *, root_folder: str = "", shuffle: bool = False, rand_skip: int = 0):
        super().__init__(path)
        self.lines = [self.listed(number, line, root_folder) for number, line in read_lines(path, "images and labels")]
        self.shuffle, self.rand_skip = shuffle, rand_skip
        if rand_skip > len(self.lines):
            raise self.error(f"lists {len(self.lines)} images, but rand_skip is {rand_skip}")
        self._order: tuple[tuple[int, int], np.ndarray] = ((0, -1), np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.lines)

    def listed(self, number: int, line: str, root_folder: str) -> tuple[str, Any]:
        """What a line says: the path of an image, and its label."""
        return _listed(self.path, number, line, root_folder)

    def _next(self) -> Record:
        place = self.position + self.first
        epoch, row = divmod(place, len(self.lines))
        if self.shuffle:
            row = int(self._shuffled(epoch)[row])
        path, label = self.lines[row]
        return Record(self.position, path, (path, label))

    @property
    def first(self) -> int:
        """The line at which the first epoch begins."""
        return below(words(subkey(self.key, "skip"), 0)[0], self.rand_skip) if self.rand_skip else 0

    def _shuffled(self, epoch: int) -> np.ndarray:
        if self._order[0] != (self.key, epoch):
            self._order = (self.key, epoch), shuffled(len(self.lines), self.key, epoch)
        return self._order[1]


def shuffled(count: int, key: int, epoch: int, purpose: str = "shuffle") -> np.ndarray:
    """0 .. count - 1 in an order that the key and the epoch decide."""
    generator = np.random.Generator(np.random.Philox(key=[subkey(key, purpose), epoch]))
    return generator.permutation(count)


class ImageListLoader(PictureLoader):
    """(path, label) records; the images are resized before they are transformed."""

    def __init__(self, transform: Transform, *, labels: bool, color: bool = True, height: int = 0, width: int = 0):
        super().__init__(transform, labels=labels)
        self.color, self.height, self.width = color, height, width

    def picture_shape(self, record: Record) -> Shape3:
        height, width, channels = (self.height, self.width, 3 if self.color else 1) if self.height else self._read(record).shape
        return channels, height, width

    def picture(self, record: Record) -> tuple[np.ndarray, int]:
        return image.planes(self._read(record)), record.value[1]

    def _read(self, record: Record) -> np.ndarray:
        pixels = image.read(record.value[0], color=self.color)
        return image.resize(pixels, self.height, self.width) if self.height else pixels


def _listed(path: str, number: int, line: str, root_folder: str) -> Listed:
    """A line at its last space: Caffe allows spaces in paths."""
    name, space, label = line.rstrip().rpartition(" ")
    try:
        if not space:
            raise ValueError
        return root_folder + name, int(label)
    except ValueError:
        raise DataError(f"{line!r} does not end in a space and a whole number", place=Place(path, number, 1), hint="PATH LABEL") from None
