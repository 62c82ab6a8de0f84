"""Caffe's HDF5 files: .caffemodel.h5 with `/data/LAYER/INDEX`, and the primitives of .solverstate.h5.

Caffe: Net::ToHDF5 and Net::CopyTrainedLayersFromHDF5 of src/caffe/net.cpp, src/caffe/util/hdf5.cpp. A layer whose name holds slashes
lies in nested groups here; Caffe itself can neither write nor read such a layer. An array that layers share is stored once, with its
first layer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FormatError, Place
from . import files
from .weights import Weights

if TYPE_CHECKING:
    import h5py

BROKEN = (ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""What h5py raises for damaged files."""


@contextmanager
def creating(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """A new HDF5 file to write into, which takes its name when the block ends: whole or not at all."""
    import h5py

    with files.whole(path) as temporary:
        try:
            with h5py.File(temporary, "w") as file:
                yield file
        except RuntimeError as error:  # h5py's answer to a full disk, when it closes
            raise files.cannot_write(path, error) from error


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """An HDF5 file to read. Whatever h5py cannot read becomes a FormatError."""
    import h5py

    files.beginning(path)
    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except BROKEN as error:
        what = f"is no HDF5 file of this kind, or a broken one: {error}"
        raise FormatError(what, place=Place(os.fspath(path)), hint="Was it copied or downloaded to its end?") from error


def save(path: str | os.PathLike[str], weights: Weights) -> None:
    """Write a .caffemodel.h5 with float32 values; whole or not at all."""
    message = weights.message()
    names = dict.fromkeys([*(layer.name for layer in message.layer), *weights] if message is not None else weights)
    written: set[tuple[Any, ...]] = set()
    with creating(path) as file:
        data = file.create_group("data")
        for name in names:
            group = data.require_group(name)
            for index, array in enumerate(weights.get(name, [])):
                if array is not None and not _seen(array, written):
                    write_array(group, str(index), array)


def load(path: str | os.PathLike[str]) -> Weights:
    """The weights of a .caffemodel.h5; None for an array that is stored with another layer."""
    weights = Weights(source=os.fspath(path))
    with opened(path) as file:
        if "data" not in file:
            raise FormatError("has no group /data, so it holds no weights", place=Place(os.fspath(path)), hint="Is it a .solverstate.h5?")
        _read_layers(file["data"], "", weights)
    return weights


def write_array(group: h5py.Group, name: str, array: np.ndarray) -> None:
    """A dataset of float32, as Caffe stores a blob."""
    group.create_dataset(name, data=np.require(array, np.float32, ["C", "A"]))


def write_integer(group: h5py.Group, name: str, value: int) -> None:
    """A dataset of one int32, as H5LTmake_dataset_int makes it."""
    group.create_dataset(name, data=np.array([value], np.int32))


def write_string(group: h5py.Group, name: str, value: str) -> None:
    """A string with its closing NUL, as H5LTmake_dataset_string makes it: Caffe reads up to the NUL."""
    import h5py

    text = value.encode()
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(len(text) + 1)
    dataset = h5py.h5d.create(group.id, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR))
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array(text, f"S{len(text) + 1}"), kind)


def read_array(dataset: h5py.Dataset) -> np.ndarray:
    """A dataset's values as float32: a view of the mapped file where they lie in one piece, which is many times faster than a read."""
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise TypeError(f"{dataset.name!r} is no array")
    offset = dataset.id.get_offset()
    if dataset.dtype == np.dtype("<f4") and offset is not None and dataset.chunks is None and dataset.size and not dataset.external:
        return np.frombuffer(files.view(dataset.file.filename), "<f4", dataset.size, offset).reshape(dataset.shape)
    out = np.empty(dataset.shape, np.float32)
    if out.size:
        dataset.read_direct(out)
    return out


def _seen(array: np.ndarray, written: set[tuple[Any, ...]]) -> bool:
    """Whether these very values were given before; if not, note them."""
    identity = (array.__array_interface__["data"][0], array.nbytes)
    if array.size == 0 or identity not in written:
        written.add(identity)
        return False
    return True


def _read_layers(group: h5py.Group, name: str, weights: Weights) -> None:
    import h5py

    names = [key for key in group if isinstance(key, str)]  # bytes where a name is no UTF-8
    for key in sorted(names, key=lambda k: (not k.isdecimal(), int(k) if k.isdecimal() else 0, k)):
        item = group[key]
        if isinstance(item, h5py.Group):
            _read_layers(item, f"{name}/{key}" if name else key, weights)
        elif name and key.isdecimal() and int(key) < 10_000:
            weights.put(name, int(key), read_array(item))
