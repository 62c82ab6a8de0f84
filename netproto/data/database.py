"""Databases of Datum records, of either kind that Caffe knows, and what a Data layer makes of them.

Caffe: src/caffe/layers/data_layer.cpp.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from . import datum, image
from .pictures import PictureLoader
from .source import Record, Source
from .transform import Shape3


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


class DatumLoader(PictureLoader):
    """Datum records."""

    def picture_shape(self, record: Record) -> Shape3:
        parsed, transform = datum.parse(record.value), self.transform
        if parsed.encoded:
            color = True if transform.force_color else False if transform.force_gray else None
            height, width, channels = image.size(parsed.data, color=color)
            return channels, height, width
        return datum.pixels(parsed).shape

    def picture(self, record: Record) -> tuple[np.ndarray, int]:
        parsed, transform = datum.parse(record.value), self.transform
        return datum.pixels(parsed, force_color=transform.force_color, force_gray=transform.force_gray), parsed.label

    def is_bytes(self, record: Record) -> bool:
        parsed = datum.parse(record.value)
        return bool(parsed.encoded) or datum.pixels(parsed).dtype == np.uint8
