"""Arrays to BlobProto and Datum messages and back."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np

from ...data import datum as data_datum
from ...errors import DataError
from ...schema import messages

LEGACY = ("num", "channels", "height", "width")


class ArrayError(DataError, ValueError):
    """An array or a message whose shape does not fit. Scripts of pycaffe expect a ValueError."""


def blobproto_to_array(blob: Any, return_diff: bool = False) -> np.ndarray:
    """The data of a BlobProto, or its diff, in its shape. Legacy dims win over `shape`. A single value needs no shape.

    Raises ArrayError if it does not hold as many values as it says.
    """
    doubles = blob.double_diff if return_diff else blob.double_data
    values = np.array(doubles or (blob.diff if return_diff else blob.data))
    shape = tuple(getattr(blob, name) for name in LEGACY) if any(map(blob.HasField, LEGACY)) else tuple(blob.shape.dim)
    if prod(shape) != values.size:
        raise ArrayError(f"a BlobProto of the shape {shape} holds {values.size} values")
    return values.reshape(shape)


def array_to_blobproto(arr: np.ndarray, diff: np.ndarray | None = None) -> Any:
    """A BlobProto of an array of any shape, and of its gradient if given."""
    blob = messages.BlobProto()
    blob.shape.dim.extend(arr.shape)
    blob.data.extend(np.ravel(arr).tolist())
    if diff is not None:
        blob.diff.extend(np.ravel(diff).tolist())
    return blob


def arraylist_to_blobprotovector_str(arraylist: Iterable[np.ndarray]) -> bytes:
    """The bytes of a BlobProtoVector of arrays."""
    return bytes(messages.BlobProtoVector(blobs=[array_to_blobproto(array) for array in arraylist]).SerializeToString())


def blobprotovector_str_to_arraylist(str: bytes) -> list[np.ndarray]:  # noqa: A002 - the name in pycaffe
    """The arrays of a BlobProtoVector's bytes."""
    return [blobproto_to_array(blob) for blob in messages.BlobProtoVector.FromString(str).blobs]


def array_to_datum(arr: np.ndarray, label: int | None = None) -> Any:
    """A Datum of an array (channels, height, width): uint8 as bytes, anything else as floats. Raises ArrayError for other arrays."""
    if arr.ndim != 3:
        raise ArrayError(f"a Datum takes an array of three axes (channels, height, width), not of the shape {arr.shape}")
    datum = messages.Datum(channels=arr.shape[0], height=arr.shape[1], width=arr.shape[2])
    if arr.dtype == np.uint8:
        datum.data = arr.tobytes()
    else:
        datum.float_data.extend(np.ravel(arr).tolist())
    if label is not None:
        datum.label = int(label)
    return datum


def datum_to_array(datum: Any) -> np.ndarray:
    """The array (channels, height, width) of a Datum: uint8, BGR planes where it was encoded, or float64 where it holds floats.

    Raises DataError if it does not hold what it says.
    """
    if datum.encoded:
        return data_datum.pixels(data_datum.Datum(data=memoryview(datum.data), encoded=True)).copy()
    shape = (datum.channels, datum.height, datum.width)
    values = np.frombuffer(datum.data, np.uint8).copy() if datum.data else np.array(datum.float_data)
    if values.size != prod(shape):
        raise ArrayError(f"a Datum of the shape {shape} holds {values.size} values")
    return values.reshape(shape)
