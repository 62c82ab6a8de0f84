"""Rows of HDF5 files that a list file names: one dataset a top, streamed.

Caffe: src/caffe/layers/hdf5_data_layer.cpp, which holds a whole file in memory. Batches go on from file to file. Shuffled, the files are
in another order in each epoch, and the rows of each file.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import h5py
import numpy as np

from ..errors import DataError, FormatError, Place, did_you_mean
from ..formats import files, hdf5
from .image_list import shuffled
from .lists import read_lines
from .prefetch import Loader, Shape
from .source import Record, Source

MOST_OPEN = 16


class Hdf5Source(Source):
    """(file, row) in order. names: of the datasets that each file must have, with equally many rows and rows of one shape everywhere."""

    def __init__(self, path: str, names: Sequence[str], *, shuffle: bool = False):
        super().__init__(path)
        self.files = [name for _, line in read_lines(path, "HDF5 files") for name in line.split()]
        self.names, self.shuffle = list(names), shuffle
        examined = [_examine(file, self.names) for file in self.files]
        self.row_shapes = examined[0][1]
        for file, (_, shapes) in zip(self.files, examined, strict=True):
            for name, shape, wanted in zip(self.names, shapes, self.row_shapes, strict=True):
                if shape != wanted:
                    what = f"dataset {name!r} has rows of the shape {shape}; those of {self.files[0]} have {wanted}"
                    raise DataError(what, place=Place(file))
        self.rows = np.array([rows for rows, _ in examined])
        if not self.rows.sum():
            raise self.error("names no file that has rows")
        self._file_order: tuple[Any, tuple[np.ndarray, np.ndarray]] | None = None
        self._row_order: tuple[Any, np.ndarray] = (None, np.zeros(0, np.int64))

    def __len__(self) -> int:
        return int(self.rows.sum())

    def _next(self) -> Record:
        epoch, place = divmod(self.position, len(self))
        order, ends = self._files_of(epoch)
        turn = int(np.searchsorted(ends, place, side="right"))
        file = int(order[turn])
        row = place - int(ends[turn] - self.rows[file])
        if self.shuffle:
            row = int(self._rows_of(epoch, file)[row])
        return Record(self.position, f"{self.files[file]}[{row}]", (file, row))

    def _files_of(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """(the files in the epoch's order, how many rows there are up to the end of each)."""
        wanted = (self.key, epoch) if self.shuffle else None
        if self._file_order is None or self._file_order[0] != wanted:
            order = shuffled(len(self.files), self.key, epoch, "files") if self.shuffle else np.arange(len(self.files))
            self._file_order = wanted, (order, np.cumsum(self.rows[order]))
        return self._file_order[1]

    def _rows_of(self, epoch: int, file: int) -> np.ndarray:
        wanted = (self.key, epoch, file)
        if self._row_order[0] != wanted:
            self._row_order = wanted, shuffled(int(self.rows[file]), self.key, epoch, f"rows of {file}")
        return self._row_order[1]


class Hdf5Loader(Loader):
    """(file, row) records -> the rows of each dataset as float32; rows that follow each other are read at once."""

    def __init__(self, source: Hdf5Source):
        self.source = source
        self._open: OrderedDict[int, tuple[h5py.File, list[Any]]] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def shapes(self, first: Record) -> list[Shape]:
        return list(self.source.row_shapes)

    def fill(self, records: Sequence[Record], arrays: Sequence[np.ndarray], start: int) -> None:
        breaks = [0, *(i for i in range(1, len(records)) if not _follows(records[i], records[i - 1])), len(records)]
        with self._one_at_a_time:
            for begin, end in pairwise(breaks):
                file, row = records[begin].value
                for rows, array in zip(self._datasets(file), arrays, strict=True):
                    out = array[start + begin : start + end]
                    try:
                        _read_rows(rows, row, out)
                    except hdf5.BROKEN as error:
                        raise DataError(f"cannot be read: {error}", place=Place(self.source.files[file])) from error

    def _datasets(self, file: int) -> list[Any]:
        if file in self._open:
            self._open.move_to_end(file)
        else:
            handle = _open(self.source.files[file])
            self._open[file] = handle, [_rows_of(handle[name]) for name in self.source.names]
            if len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)[1][0].close()
        return self._open[file][1]


def _rows_of(dataset: h5py.Dataset) -> Any:
    """The dataset, or the mapped file where its values lie in one piece: reading single rows is then many times faster."""
    offset = dataset.id.get_offset()
    if dataset.dtype == np.dtype("<f4") and offset is not None and dataset.chunks is None and not dataset.external:
        return hdf5.read_array(dataset)
    return dataset


def _read_rows(rows: Any, row: int, out: np.ndarray) -> None:
    if isinstance(rows, np.ndarray):
        np.copyto(out, rows[row : row + len(out)])
    elif out.size:
        rows.read_direct(out, np.s_[row : row + len(out)])


def _follows(record: Record, before: Record) -> bool:
    return bool(record.value[0] == before.value[0] and record.value[1] == before.value[1] + 1)


def _open(path: str) -> h5py.File:
    try:
        files.beginning(path)
        return h5py.File(path, "r", locking=False)
    except FormatError as error:
        raise DataError(error.what, place=Place(path), hint=error.hint) from error
    except hdf5.BROKEN as error:
        raise DataError(f"is no HDF5 file, or a broken one: {error}", place=Place(path)) from error


def _examine(path: str, names: Sequence[str]) -> tuple[int, list[Shape]]:
    """(rows, shape of a row of each dataset)."""
    with _open(path) as file:
        shapes = []
        for name in names:
            dataset = file.get(name)
            if not isinstance(dataset, h5py.Dataset):
                hint = did_you_mean(name, file.keys()) or "A top takes its rows from the dataset of its name"
                raise DataError(f"has no dataset {name!r}", place=Place(path), hint=hint)
            if not dataset.shape or dataset.dtype.kind not in "fiu":
                raise DataError(f"dataset {name!r} is no array of numbers with rows", place=Place(path))
            shapes.append(dataset.shape)
    if len({shape[0] for shape in shapes}) > 1:
        counts = ", ".join(f"{name!r} {shape[0]}" for name, shape in zip(names, shapes, strict=True))
        raise DataError(f"has datasets of different lengths: {counts}", place=Place(path))
    return shapes[0][0], [tuple(shape[1:]) for shape in shapes]
