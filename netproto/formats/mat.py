"""MATLAB's files, of its level 5: one array of real numbers, not compressed. MATLAB and scipy.io.loadmat read them.

The layout is that of "MAT-File Format", MathWorks: a header of 128 bytes, and elements of a type, a size, and values that end at a
multiple of 8 bytes.
"""

from __future__ import annotations

import os
import struct

import numpy as np

from ..errors import FormatError, Place
from . import files

INT8, INT32, UINT32, SINGLE, DOUBLE, MATRIX = 1, 5, 6, 7, 9, 14
CLASSES = {"<f4": (7, SINGLE), "<f8": (6, DOUBLE)}
"""dtype -> MATLAB's class, and the type of the values."""
HEADER = b"MATLAB 5.0 MAT-file, made by netproto".ljust(116) + bytes(8) + struct.pack("<H2s", 0x0100, b"IM")
MOST_BYTES = 2**31


def save(path: str | os.PathLike[str], array: np.ndarray, name: str = "data") -> None:
    """Write one array of float32 or float64, whole or not at all. MATLAB counts axes from the last one on, four at least."""
    values = np.ascontiguousarray(array, "<f8" if array.dtype == np.float64 else "<f4")
    shape = (1,) * (4 - values.ndim) + values.shape
    kind, values_type = CLASSES[values.dtype.str]
    parts = [
        _element(UINT32, struct.pack("<II", kind, 0)),
        _element(INT32, struct.pack(f"<{len(shape)}i", *reversed(shape))),
        _element(INT8, name.encode("ascii")),
    ]
    before = b"".join(parts) + struct.pack("<II", values_type, values.nbytes)
    rest = -values.nbytes % 8
    size = len(before) + values.nbytes + rest
    if size >= MOST_BYTES:
        what = f"would have {size:,} bytes, but an array of a MATLAB file has less than {MOST_BYTES:,}"
        raise FormatError(what, place=Place(os.fspath(path)))
    with files.writing(path) as file:
        file.write(HEADER + struct.pack("<II", MATRIX, size) + before)
        file.write(values.reshape(-1).view(np.uint8).data)
        file.write(bytes(rest))


def _element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)
