"""Databases of Datum records, of either kind that Caffe knows, and what a Data layer makes of them.

Caffe: src/caffe/layers/data_layer.cpp.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import DataError
from . import datum, image
from .prefetch import RecordLoader, Shape
from .source import Record, Source
from .transform import Transform


def open_source(path: str, backend: str, *, shuffle: bool = False) -> Source:
    """The database at a path. backend: 'LMDB' or 'LEVELDB'. Raises DataError if it is not there, broken, empty, or of the other kind.

    shuffle: an order of its own for each epoch; a LevelDB has none but that of its keys.
    """
    if backend == "LMDB":
        from .lmdb import LmdbSource
        from .shuffled import ShuffledLmdbSource

        return ShuffledLmdbSource(path) if shuffle else LmdbSource(path)
    if shuffle:
        raise DataError("a LevelDB cannot be read in another order", hint="Copy it to an LMDB, or take `shuffle` away")
    from .leveldb import LevelDbSource

    return LevelDbSource(path)


class DatumLoader(RecordLoader):
    """Datum records -> the transformed image and, if wanted, the label as a float."""

    def __init__(self, transform: Transform, *, labels: bool):
        self.transform, self.labels = transform, labels

    def shapes(self, first: Record) -> list[Shape]:
        parsed, transform = datum.parse(first.value), self.transform
        if parsed.encoded:
            color = True if transform.force_color else False if transform.force_gray else None
            height, width, channels = image.size(parsed.data, color=color)
            shape: Shape = (channels, height, width)
        else:
            shape = datum.pixels(parsed).shape
        return [transform.out_shape(shape), *([()] if self.labels else [])]

    def load(self, record: Record, out: Sequence[np.ndarray]) -> None:
        parsed, transform = datum.parse(record.value), self.transform
        pixels = datum.pixels(parsed, force_color=transform.force_color, force_gray=transform.force_gray)
        transform.apply(pixels, out[0], key=self.key, ordinal=record.ordinal)
        if self.labels:
            out[1][0] = parsed.label
