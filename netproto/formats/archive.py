"""Arrays by name in one .npz, numpy's zip of .npy members, without pickles and without compression.

What is written can be read by numpy.load; every array starts at a multiple of 64 bytes in the file, so that it can be mapped where it lies.
"""

from __future__ import annotations

import io
import json
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import FormatError, Place
from . import files

META = "__meta__"
ALIGNMENT = 64
LOCAL_HEADER = struct.Struct("<4s5H3L2H")
PADDING_ID = 0x4E50
"""The id of the extra field of a zip member that holds padding only."""
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""So that equal arrays give equal files."""
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError),
    *(ArithmeticError, EOFError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError),
)
"""What reading a damaged zip or .npy may raise."""


def save(path: str | os.PathLike[str], arrays: Iterable[tuple[str, np.ndarray]], meta: Mapping[str, Any]) -> None:
    """Write arrays by name, and `meta` as JSON; whole or not at all."""
    text = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    with files.writing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in (*arrays, (META, text)):
            _write_member(archive, file, f"{name}.npy", np.asarray(array, order="C"))


def load(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """(arrays by name, meta); the arrays are read-only views of the mapped file. meta is {} if the file has none."""
    place = Place(os.fspath(path))
    try:
        arrays = _read_members(path)
        meta = json.loads(arrays.pop(META).tobytes()) if META in arrays else {}
        if not isinstance(meta, dict):
            raise ValueError("its description is no JSON object")
    except BROKEN as error:
        raise FormatError(f"is no .npz, or a broken one: {error}", place=place, hint="Was it copied or downloaded to its end?") from error
    return arrays, meta


def _write_member(archive: zipfile.ZipFile, file: Any, name: str, array: np.ndarray) -> None:
    if "\0" in name:
        raise FormatError(f"the name {name!r} cannot be in a zip file", hint="Rename the layer")
    info = zipfile.ZipInfo(name, FIXED_DATE)
    info.external_attr = 0o644 << 16
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(array))
    info.extra = _padding(file.tell() + LOCAL_HEADER.size + len(name.encode()) + 20 + head.tell())  # 20: zipfile's own zip64 field
    with archive.open(info, "w", force_zip64=True) as member:
        member.write(head.getvalue())
        member.write(array.reshape(-1).view(np.uint8).data)


def _padding(offset: int) -> bytes:
    """An extra field that moves what begins at `offset` to the next aligned place."""
    length = -(offset + 4) % ALIGNMENT
    return struct.pack("<HH", PADDING_ID, length) + b"\0" * length


def _read_members(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    buffer = files.view(path)
    arrays = {}
    with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name == info.filename:
                continue
            stored = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1
            data = _stored(buffer, info) if stored else memoryview(archive.read(info))
            arrays[name] = _array(data, info.filename)
    return arrays


def _stored(buffer: memoryview, info: zipfile.ZipInfo) -> memoryview:
    """The bytes of a member that is not compressed."""
    signature, *_, name_length, extra_length = LOCAL_HEADER.unpack_from(buffer, info.header_offset)
    start = info.header_offset + LOCAL_HEADER.size + name_length + extra_length
    if signature != b"PK\x03\x04" or start + info.file_size > len(buffer):
        raise zipfile.BadZipFile(f"member {info.filename!r} is cut off")
    return buffer[start : start + info.file_size]


def _array(data: memoryview, name: str) -> np.ndarray:
    head = io.BytesIO(data[: 1 << 16])
    version = np.lib.format.read_magic(head)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(head)
    if dtype.hasobject:
        raise ValueError(f"member {name!r} holds Python objects, which are never loaded")
    count = int(np.prod(shape, dtype=np.int64))
    if count * dtype.itemsize != len(data) - head.tell():
        raise ValueError(f"member {name!r} of the shape {shape} has {len(data) - head.tell()} bytes of values")
    values = np.frombuffer(data, dtype, count, head.tell()) if count else np.zeros(0, dtype)
    return values.reshape(shape, order="F" if fortran else "C")
