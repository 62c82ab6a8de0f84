"""Records that are a picture and a label, as most data layers read them.

Caffe: src/caffe/layers/data_layer.cpp, image_data_layer.cpp.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from .prefetch import RecordLoader, Shape
from .source import Record
from .transform import Shape3, Transform

WINDOW = (3,)
"""top, left, and whether it is mirrored."""


class PictureLoader(RecordLoader):
    """Records -> the transformed picture and, if wanted, the label as a float.

    With `raw`, where the batch's first picture is of bytes and its transformation is no more than one of Caffe's: the pixels as they are,
    and the window of each, in the place of the transformed picture.
    """

    def __init__(self, transform: Transform, *, labels: bool):
        self.transform, self.labels = transform, labels

    @abstractmethod
    def picture_shape(self, record: Record) -> Shape3:
        """(channels, height, width) before it is transformed. Raises DataError."""

    @abstractmethod
    def picture(self, record: Record) -> tuple[np.ndarray, int]:
        """The picture (channels, height, width), uint8 or float32, and the label. Raises DataError."""

    def is_bytes(self, record: Record) -> bool:
        """Whether the picture is uint8. Raises DataError."""
        return True

    def shapes(self, first: Record) -> list[Shape]:
        shape, labels = self.picture_shape(first), [()] if self.labels else []
        out = self.transform.out_shape(shape)
        return [shape, WINDOW, *labels] if self._leaves_pixels(first) else [out, *labels]

    def dtypes(self, first: Record) -> Sequence[str]:
        return ("uint8", "int32", "float32") if self._leaves_pixels(first) else ()

    def load(self, record: Record, out: Sequence[np.ndarray]) -> None:
        picture, label = self.picture(record)
        if out[0].dtype == np.uint8:
            self.transform.lay_out(picture, out[0], out[1], key=self.key, ordinal=record.ordinal)
        else:
            self.transform.apply(picture, out[0], key=self.key, ordinal=record.ordinal)
        if self.labels:
            out[-1][0] = label

    def _leaves_pixels(self, first: Record) -> bool:
        return self.raw and self.transform.is_plain and self.is_bytes(first)
