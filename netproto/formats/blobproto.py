"""BlobProto, the array message of Caffe's files, read as a view of the file's bytes and written without a copy.

Caffe: Blob::FromProto and Blob::ToProto of src/caffe/blob.cpp. Numbers: 1 to 4 legacy dims, 5 data, 6 diff, 7 shape, 8 double_data.
C3D's first release has 1 to 5 for its five dims, 6 data, 7 diff: a 5 that is a whole number tells it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from .wire import FIXED32, FIXED64, LENGTH, VARINT, Reader, WireError, header, joined, size, varint

LEGACY_DIMS = (1, 2, 3, 4)
DATA, DIFF, SHAPE, DOUBLE_DATA = 5, 6, 7, 8
VOLUME_WIDTH, VOLUME_DATA = 5, 6


def read(reader: Reader) -> np.ndarray:
    """The array of a BlobProto: float32, or float64 where the file has double_data. It may be read-only, and not aligned.

    Where legacy dims stand, the shape is (num, channels, height, width), whatever `shape` says; of C3D's first release,
    (num, channels, frames, height, width).
    """
    start = reader.pos
    legacy: dict[int, int] = {}
    shape: list[int] | None = None
    singles: list[np.ndarray] = []
    doubles: list[np.ndarray] = []
    while reader.more():
        number, wire = reader.tag()
        if number in LEGACY_DIMS and wire == VARINT:
            legacy[number] = reader.signed()
        elif number == DATA and wire in (LENGTH, FIXED32):
            singles.append(reader.numbers(wire, "<f4"))
        elif number == VOLUME_WIDTH and wire == VARINT:
            return _volume(reader, [*(legacy.get(n, 0) for n in LEGACY_DIMS), reader.signed()], start)
        elif number == DOUBLE_DATA and wire in (LENGTH, FIXED64):
            doubles.append(reader.numbers(wire, "<f8"))
        elif number == SHAPE and wire == LENGTH:
            shape = [*(shape or ()), *_dims(reader.inner())]
        else:
            reader.skip(wire)
    values = joined(singles, "<f4") if singles or not doubles else joined(doubles, "<f8")
    return _shaped(values, [legacy.get(n, 0) for n in LEGACY_DIMS] if legacy else shape, start)


def _volume(reader: Reader, shape: Sequence[int], start: int) -> np.ndarray:
    """The array of a BlobProto of C3D's first release, of which the dims are read already."""
    values: list[np.ndarray] = []
    while reader.more():
        number, wire = reader.tag()
        if number == VOLUME_DATA and wire in (LENGTH, FIXED32):
            values.append(reader.numbers(wire, "<f4"))
        else:
            reader.skip(wire)
    return _shaped(joined(values, "<f4"), shape, start)


def _dims(reader: Reader) -> list[int]:
    dims: list[int] = []
    while reader.more():
        number, wire = reader.tag()
        if number == 1:
            dims += reader.packed_varints(wire)
        else:
            reader.skip(wire)
    return dims


def _shaped(values: np.ndarray, shape: Sequence[int] | None, start: int) -> np.ndarray:
    if shape is None:
        return values
    if any(d < 0 for d in shape) or prod(shape) != values.size:
        raise WireError(f"an array of the shape {tuple(shape)} has {values.size} values", start)
    return values.reshape(shape)


def pieces(array: np.ndarray, *, legacy: bool = False) -> list[Any]:
    """A BlobProto of the array, as bytes and the array itself: float64 as double_data, all else as float data.

    legacy: with num, channels, height and width instead of a shape; the array has four axes.
    """
    double = array.dtype == np.float64
    values = np.ascontiguousarray(array, "<f8" if double else "<f4")
    data = [header(DOUBLE_DATA if double else DATA, LENGTH, values.nbytes), values] if values.size else []
    if legacy:
        dims = b"".join(header(n, VARINT) + varint(d) for n, d in zip(LEGACY_DIMS, array.shape, strict=True))
        return [dims, *data]
    dims = b"".join(varint(d) for d in array.shape)
    packed = header(1, LENGTH, len(dims)) + dims if dims else b""
    shape = header(SHAPE, LENGTH, len(packed)) + packed
    return [shape, *data] if double else [*data, shape]


def field(number: int, array: np.ndarray) -> list[Any]:
    """The array as the field `number` of the message around it."""
    body = pieces(array)
    return [header(number, LENGTH, size(body)), *body]
