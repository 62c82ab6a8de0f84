"""Batches appended to an HDF5 file. Caffe: src/caffe/layers/hdf5_output_layer.cpp."""

from __future__ import annotations

from collections.abc import Mapping

import h5py
import numpy as np

from ..errors import DataError
from ..formats import files, hdf5


class Hdf5Output:
    """A file whose datasets grow by a batch at a time. It is made at the first batch, and closed after each, so that others can read it."""

    def __init__(self, path: str):
        self.path = path
        self._made = False

    def append(self, batches: Mapping[str, np.ndarray]) -> None:
        """Add rows to each dataset, as float32. Raises FormatError if the file cannot be written, DataError if rows change their shape."""
        try:
            with h5py.File(self.path, "a" if self._made else "w") as file:
                for name, rows in batches.items():
                    _append(file, name, np.ascontiguousarray(rows, np.float32))
        except hdf5.BROKEN as error:
            raise files.cannot_write(self.path, error) from error
        self._made = True


def _append(file: h5py.File, name: str, rows: np.ndarray) -> None:
    if name not in file:
        file.create_dataset(name, data=rows, maxshape=(None, *rows.shape[1:]), chunks=tuple(max(1, d) for d in rows.shape))
        return
    dataset = file[name]
    if dataset.shape[1:] != rows.shape[1:]:
        raise DataError(f"rows of {name!r} had the shape {dataset.shape[1:]}, and now have {rows.shape[1:]}")
    dataset.resize(len(dataset) + len(rows), axis=0)
    dataset[-len(rows) :] = rows
