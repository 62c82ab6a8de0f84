"""Weights in .safetensors, whose layout is written out by hand here."""

import json
import random
import struct

import numpy as np
import pytest

from netproto.errors import FormatError
from netproto.formats import weights
from netproto.formats.weights import Weights

ARRAYS = {
    "inception_3a/1x1": [np.arange(30, dtype=np.float32).reshape(2, 3, 5), np.float32([1.5, -2])],
    "ip": [np.arange(7, dtype=np.float64)],
}


def file_of(header, data=b""):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + data


def test_round_trip(tmp_path):
    path = tmp_path / "a.safetensors"
    weights.save(path, Weights(ARRAYS, net_text="name: 'n'"))
    loaded = weights.load(path)
    assert list(loaded) == list(ARRAYS)
    for name, wanted in ARRAYS.items():
        for got, want in zip(loaded[name], wanted, strict=True):
            np.testing.assert_array_equal(got, want, strict=True)
    assert loaded.net_text == "name: 'n'"


def test_the_layout(tmp_path):
    path = tmp_path / "a.safetensors"
    weights.save(path, Weights({"ip": [np.float32([1, 2, 3])]}))
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    assert header["ip/0"] == {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}
    assert all(isinstance(v, str) for v in header["__metadata__"].values())
    assert (8 + length) % 64 == 0
    assert content[8 + length :] == np.float32([1, 2, 3]).tobytes()


def test_files_of_other_programs(tmp_path):
    half, wide = np.float16([1.5, 2]), np.float32([1, -2.5])
    data = half.tobytes() + struct.pack("<2H", 0x3F80, 0xC020)
    header = {
        "features.0.weight": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
        "features.0.bias": {"dtype": "BF16", "shape": [2], "data_offsets": [4, 8]},
    }
    (tmp_path / "a.safetensors").write_bytes(file_of(header, data))
    loaded = weights.load(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(loaded["features.0"][0], half, strict=True)
    np.testing.assert_array_equal(loaded["features.0"][1], wide, strict=True)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 8]},
        {"dtype": "F8", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2]},
        {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": ["0", "8"]},
        7,
    ],
)
def test_entries_that_cannot_be(tmp_path, entry):
    (tmp_path / "a.safetensors").write_bytes(file_of({"ip/0": entry}, b"x" * 8))
    with pytest.raises(FormatError, match=r"a\.safetensors: is no \.safetensors, or a broken one"):
        weights.load(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    "content", [file_of(b"{"), file_of(b'{"a": 1}')[:12], struct.pack("<Q", 2**60) + b"{}", file_of(b'{"__metadata__": 7, "x": {}}')]
)
def test_headers_that_cannot_be(tmp_path, content):
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(FormatError):
        weights.load(tmp_path / "a.safetensors")


def test_a_name_without_a_place(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(file_of({"ip.gamma": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}, b"x"))
    with pytest.raises(FormatError, match=r"'ip\.gamma' is not named LAYER/INDEX"):
        weights.load(tmp_path / "a.safetensors")


def test_values_that_the_format_has_no_name_for(tmp_path):
    with pytest.raises(FormatError, match="complex64 values"):
        weights.save(tmp_path / "a.safetensors", Weights({"ip": [np.zeros(2, np.complex64)]}))


def test_damage_is_never_another_error(tmp_path):
    path = tmp_path / "a.safetensors"
    weights.save(path, Weights(ARRAYS))
    whole = path.read_bytes()
    dice = random.Random(4)
    outcomes = set()
    for trial in range(600):
        damaged = bytearray(whole)
        for _ in range(dice.randrange(1, 3)):
            damaged[9 + dice.randrange(300)] = dice.randrange(256)
        if trial % 4 == 0:
            del damaged[dice.randrange(9, len(damaged)) :]
        path.write_bytes(damaged)
        try:
            weights.load(path)
            outcomes.add("loaded")
        except FormatError:
            outcomes.add("refused")
    assert outcomes == {"loaded", "refused"}
