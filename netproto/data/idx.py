"""idx, the file format of MNIST and of what took its place: an array of bytes, plain or gzipped.

Two zero bytes, the type of the elements (8: bytes), the rank, the big-endian sizes, the elements.
"""

from __future__ import annotations

import gzip
import os
import zlib
from math import prod

import numpy as np

from ..errors import FormatError, Place
from ..formats import files

GZIP_MAGIC = b"\x1f\x8b"
BYTES = b"\0\0\x08"


def read(path: str | os.PathLike[str]) -> np.ndarray:
    """The uint8 array in a file. Raises FormatError if it is missing, broken, or holds anything but bytes."""
    place = Place(os.fspath(path))
    content: bytes | memoryview = files.view(path)
    if bytes(content[:2]) == GZIP_MAGIC:
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise FormatError(f"cannot be unzipped: {error}", place=place, hint="Was it downloaded to its end?") from error
    if bytes(content[:3]) != BYTES:
        raise FormatError("is no idx file of bytes", place=place, hint="MNIST's are named ...-idx3-ubyte and ...-idx1-ubyte")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise FormatError(f"ends within its head: {len(content)} bytes", place=place)
    shape = [int(size) for size in np.frombuffer(content, ">u4", content[3], 4)]
    if len(content) - start != prod(shape):
        raise FormatError(f"says that its shape is {tuple(shape)}, but holds {len(content) - start} bytes", place=place)
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
