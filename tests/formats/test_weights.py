"""Weights between all formats, and Caffe's rule for shapes of old files."""

import numpy as np
import pytest

from netproto.errors import FormatError
from netproto.formats import weights
from netproto.formats.weights import Weights, fits

ARRAYS = {"inception_3a/1x1": [np.arange(30, dtype=np.float32).reshape(2, 3, 5), np.float32([1.5, -2])], "ip": [np.float32([[7, 2]])]}


@pytest.mark.parametrize("first", [".npz", ".caffemodel", ".caffemodel.h5", ".safetensors"])
@pytest.mark.parametrize("second", [".npz", ".caffemodel", ".hdf5", ".safetensors"])
def test_every_format_into_every_other(tmp_path, first, second):
    weights.save(tmp_path / f"a{first}", Weights(ARRAYS))
    weights.save(tmp_path / f"b{second}", weights.load(tmp_path / f"a{first}"))
    loaded = weights.load(tmp_path / f"b{second}")
    assert list(loaded) == list(ARRAYS)
    assert loaded.source == str(tmp_path / f"b{second}")
    for name, wanted in ARRAYS.items():
        for got, want in zip(loaded[name], wanted, strict=True):
            np.testing.assert_array_equal(got, want, strict=True)


def test_the_content_decides_not_the_suffix(tmp_path):
    weights.save(tmp_path / "a.npz", Weights(ARRAYS))
    (tmp_path / "a.npz").rename(tmp_path / "a.caffemodel")
    assert list(weights.load(tmp_path / "a.caffemodel")) == list(ARRAYS)


def test_an_unknown_suffix(tmp_path):
    with pytest.raises(FormatError, match=r"a\.pth: no weights format has this suffix\. Use one of \.npz, \.caffemodel"):
        weights.save(tmp_path / "a.pth", Weights(ARRAYS))


def test_a_missing_file(tmp_path):
    with pytest.raises(FormatError, match="there is no such file"):
        weights.load(tmp_path / "a.npz")


def test_a_loaded_file_may_be_saved_over_itself(tmp_path):
    for suffix in (".npz", ".caffemodel", ".h5", ".safetensors"):
        path = tmp_path / f"a{suffix}"
        weights.save(path, Weights(ARRAYS))
        weights.save(path, weights.load(path))
        np.testing.assert_array_equal(weights.load(path)["ip"][0], ARRAYS["ip"][0])


def test_arrays_leaves_out_what_is_not_there():
    held = Weights()
    held.put("ip", 1, ARRAYS["ip"][0])
    assert held["ip"][0] is None
    assert [(name, index) for name, index, _ in held.arrays()] == [("ip", 1)]
    held.put("conv", 0, ARRAYS["ip"][0])
    assert held.complete() == ["conv"]


@pytest.mark.parametrize(
    ("file_shape", "wanted", "answer"),
    [
        ((3, 5), (3, 5), True),
        ((5, 3), (3, 5), False),
        ((1, 1, 1, 5), (5,), True),
        ((1, 1, 3, 5), (3, 5), True),
        ((3, 5, 1, 1), (3, 5), False),
        ((1, 1, 1, 1, 5), (5,), True),
        ((1, 1, 1, 3, 5), (3, 5), True),
        ((3, 5, 1, 1, 1), (3, 5), False),
        ((1, 1, 1, 1), (), True),
        ((1, 2, 3, 5), (2, 3, 5), True),
        ((2, 3, 5, 7), (2, 3, 5, 7), True),
        ((1, 3, 5), (3, 5), False),
        ((1, 1, 3, 5), (15,), False),
        ((1, 2, 3, 5), (1, 1, 2, 3, 5), False),
    ],
)
def test_fits(file_shape, wanted, answer):
    assert fits(file_shape, wanted) is answer
