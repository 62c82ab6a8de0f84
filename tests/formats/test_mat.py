"""MATLAB's files, read back by the rules of their format."""

import struct

import numpy as np
import pytest

from netproto.errors import FormatError
from netproto.formats import mat


def elements(content):
    """(type, values) of each element, one after the other."""
    found = []
    while content:
        kind, size = struct.unpack_from("<II", content)
        found.append((kind, content[8 : 8 + size]))
        content = content[8 + size + -size % 8 :]
    return found


def read(path):
    """(name, array) of a file with one array, as MATLAB has its axes."""
    content = path.read_bytes()
    assert len(content) % 8 == 0
    assert content[:6] == b"MATLAB"
    assert content[116:128] == bytes(8) + b"\x00\x01IM"
    ((kind, matrix),) = elements(content[128:])
    assert kind == 14
    (flags_type, flags), (dims_type, dims), (name_type, name), (values_type, values) = elements(matrix)
    assert (flags_type, dims_type, name_type) == (6, 5, 1)
    dtype = {7: "<f4", 9: "<f8"}[values_type]
    assert struct.unpack("<II", flags) == ({7: 7, 9: 6}[values_type], 0)
    return name.decode(), np.frombuffer(values, dtype).reshape(np.frombuffer(dims, "<i4"), order="F")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (2, 3, 5, 7, 3), (3, 5), (3,), ()])
def test_axes_from_the_last_one_on(tmp_path, shape, dtype):
    array = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    mat.save(tmp_path / "a.mat", array)
    name, got = read(tmp_path / "a.mat")
    assert name == "data"
    assert got.dtype == dtype
    wanted = array.reshape((1,) * (4 - len(shape)) + shape).T
    np.testing.assert_array_equal(got, wanted, strict=True)


def test_a_view_that_is_not_contiguous(tmp_path):
    array = np.arange(30, dtype=np.float32).reshape(5, 6)[::2, ::-1]
    mat.save(tmp_path / "a.mat", array, name="scores")
    name, got = read(tmp_path / "a.mat")
    assert name == "scores"
    np.testing.assert_array_equal(got[:, :, 0, 0], array.T)


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(FormatError, match="cannot be written"):
        mat.save(tmp_path / "none" / "a.mat", np.zeros(3, np.float32))


def test_an_array_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(mat, "MOST_BYTES", 100)
    with pytest.raises(FormatError, match=r"would have 1[0-9]+ bytes, but an array of a MATLAB file has less than 100"):
        mat.save(tmp_path / "a.mat", np.zeros(20, np.float32))
    assert not list(tmp_path.iterdir())
