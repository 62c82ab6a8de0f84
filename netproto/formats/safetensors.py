"""Weights as .safetensors: a JSON header that says where each array lies, then the bytes. Arrays are named as in .npz: `conv1/0`.

Files of other programs are read too: `conv1.weight` and `conv1.bias` are arrays 0 and 1 of layer `conv1`.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from .. import __version__
from ..errors import FormatError, Place
from . import files
from .npz import by_layer
from .weights import Weights
from .wire import write

LENGTH = struct.Struct("<Q")
ALIGNMENT = 64
MOST_HEADER = 100_000_000
DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "i1", "U8": "u1", "I16": "<i2", "I32": "<i4", "I64": "<i8"}
CODES = {np.dtype(dtype): code for code, dtype in DTYPES.items()}
ROLES = {"weight": "0", "bias": "1"}


def save(path: str | os.PathLike[str], weights: Weights) -> None:
    """Write the weights; whole or not at all."""
    header: dict[str, Any] = {"__metadata__": {"format": "netproto", "netproto": __version__, "net": weights.text()}}
    pieces: list[Any] = []
    offset = 0
    for name, index, array in weights.arrays():
        values = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        if values.dtype not in CODES:
            raise FormatError(f"layer {name!r} has {values.dtype} values, which .safetensors cannot hold", place=Place(os.fspath(path)))
        end = offset + values.nbytes
        header[f"{name}/{index}"] = {"dtype": CODES[values.dtype], "shape": list(array.shape), "data_offsets": [offset, end]}
        pieces.append(values)
        offset = end
    head = json.dumps(header).encode()
    head += b" " * (-(len(head) + LENGTH.size) % ALIGNMENT)
    with files.writing(path) as file:
        write(file, [LENGTH.pack(len(head)), head, *pieces])


def load(path: str | os.PathLike[str]) -> Weights:
    """The weights of a .safetensors file; the arrays are views of the mapped file. Raises FormatError if it is broken."""
    place = Place(os.fspath(path))
    try:
        buffer = files.view(path)
        header, start = _header(buffer)
        meta = header.pop("__metadata__", {})
        arrays = {_layer_name(name): _array(buffer[start:], name, entry) for name, entry in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, struct.error, OverflowError, RecursionError) as error:
        raise FormatError(f"is no .safetensors, or a broken one: {error}", place=place) from error
    weights = Weights(net_text=str(meta.get("net", "")) if isinstance(meta, dict) else "", source=os.fspath(path))
    for name, index, array in by_layer(arrays, place):
        weights.put(name, index, array)
    return weights


def _header(buffer: memoryview) -> tuple[dict[str, Any], int]:
    (length,) = LENGTH.unpack_from(buffer)
    if length > min(MOST_HEADER, len(buffer) - LENGTH.size):
        raise ValueError(f"its header would have {length} bytes")
    header = json.loads(bytes(buffer[LENGTH.size : LENGTH.size + length]))
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")
    return header, LENGTH.size + length


def _array(data: memoryview, name: str, entry: Mapping[str, Any]) -> np.ndarray:
    start, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    if entry["dtype"] == "BF16":
        dtype = np.dtype("<u2")
    elif entry["dtype"] in DTYPES:
        dtype = np.dtype(DTYPES[entry["dtype"]])
    else:
        raise ValueError(f"array {name!r} has values of the type {entry['dtype']!r}")
    if not 0 <= start <= end <= len(data) or min(shape, default=0) < 0 or prod(shape) * dtype.itemsize != end - start:
        raise ValueError(f"array {name!r} of the shape {shape} cannot lie in bytes {start} to {end} of {len(data)}")
    values = np.frombuffer(data[start:end], dtype).reshape(shape)
    return (values.astype("<u4") << 16).view("<f4") if entry["dtype"] == "BF16" else values


def _layer_name(name: str) -> str:
    layer, dot, role = name.rpartition(".")
    return f"{layer}/{ROLES[role]}" if dot and role in ROLES else name
