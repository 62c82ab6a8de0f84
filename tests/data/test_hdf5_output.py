"""Batches appended to a file that others can read between two of them."""

import h5py
import numpy as np
import pytest

from netproto.data.hdf5_output import Hdf5Output
from netproto.errors import DataError, FormatError


def test_rows_are_added(tmp_path):
    path = tmp_path / "out.h5"
    path.write_bytes(b"what was there before")
    output = Hdf5Output(str(path))
    first, second = np.arange(12, dtype=np.float32).reshape(2, 3, 2), np.ones((3, 3, 2))
    for rows in (first, second):
        output.append({"data": rows, "label": rows[:, 0, 0]})
        with h5py.File(path) as file:
            np.testing.assert_array_equal(file["data"][-len(rows) :], rows.astype(np.float32), strict=True)
    with h5py.File(path) as file:
        assert file["data"].shape == (5, 3, 2)
        assert file["label"][()].tolist() == [0, 6, 1, 1, 1]


def test_rows_keep_their_shape(tmp_path):
    output = Hdf5Output(str(tmp_path / "out.h5"))
    output.append({"data": np.zeros((2, 3))})
    with pytest.raises(DataError, match=r"rows of 'data' had the shape \(3,\), and now have \(5,\)"):
        output.append({"data": np.zeros((2, 5))})


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(FormatError, match="cannot be written"):
        Hdf5Output(str(tmp_path / "none/out.h5")).append({"data": np.zeros((2, 3))})
