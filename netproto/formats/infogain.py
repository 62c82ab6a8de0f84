"""The matrix of InfogainLoss: a file that holds one BlobProto of C * C values. Caffe: infogain_loss_layer.cpp reads it."""

from __future__ import annotations

import os
from math import isqrt

import numpy as np

from ..errors import FormatError, Place
from . import blobproto, files
from .wire import Reader, WireError


def load(path: str | os.PathLike[str]) -> np.ndarray:
    """The matrix as float32 (C, C), in whatever shape of so many values it is written. Raises FormatError."""
    place = Place(os.fspath(path))
    try:
        values = blobproto.read(Reader(files.view(path)))
    except WireError as error:
        raise FormatError(f"is no infogain matrix, or a broken one: {error}", place=place, hint="A BlobProto is wanted") from error
    classes = isqrt(values.size)
    if not values.size or classes * classes != values.size:
        raise FormatError(f"holds {values.size} values, which make no square matrix", place=place, hint="C * C values are wanted")
    return np.ascontiguousarray(values, np.float32).reshape(classes, classes)
