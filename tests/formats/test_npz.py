"""Weights in .npz: readable by numpy, aligned, without pickles, and the net's text with them."""

import json
import random
import zipfile

import numpy as np
import pytest

from netproto.errors import FormatError
from netproto.formats import archive, npz, weights
from netproto.formats.weights import Weights

ARRAYS = {
    "inception_3a/1x1": [np.arange(30, dtype=np.float32).reshape(2, 3, 5), np.float32([1.5, -2])],
    "ip": [np.arange(14, dtype=np.float64).reshape(7, 2)],
    "Schicht ü": [np.float32(3.5).reshape(())],
    "empty": [np.zeros((0, 3), np.float32)],
}


def save(path, **options):
    weights.save(path, Weights(ARRAYS, **options))
    return path


def test_round_trip(tmp_path):
    loaded = weights.load(save(tmp_path / "a.npz", net_text="layer { name: 'ip' }"))
    assert list(loaded) == list(ARRAYS)
    for name, wanted in ARRAYS.items():
        assert [a.dtype for a in loaded[name]] == [a.dtype for a in wanted]
        for got, want in zip(loaded[name], wanted, strict=True):
            np.testing.assert_array_equal(got, want, strict=True)
    assert loaded.net_text == "layer { name: 'ip' }"
    assert loaded.text() == loaded.net_text
    assert loaded.message().layer[0].name == "ip"


def test_numpy_reads_it_without_pickles(tmp_path):
    with np.load(save(tmp_path / "a.npz"), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["inception_3a/1x1/0"], ARRAYS["inception_3a/1x1"][0])
        assert json.loads(file["__meta__"].tobytes())["kind"] == "weights"


def test_arrays_are_aligned_views_that_cannot_be_written(tmp_path):
    for _, _, array in weights.load(save(tmp_path / "a.npz")).arrays():
        if array.size:
            assert array.ctypes.data % archive.ALIGNMENT == 0
            assert not array.flags.owndata
            assert not array.flags.writeable


def test_equal_arrays_give_equal_files(tmp_path):
    assert save(tmp_path / "a.npz").read_bytes() == save(tmp_path / "b.npz").read_bytes()


def test_an_array_that_another_layer_holds_stays_away(tmp_path):
    weights.save(tmp_path / "a.npz", Weights({"ip": [None, np.float32([1, 2])]}))
    assert [a is None for a in weights.load(tmp_path / "a.npz")["ip"]] == [True, False]


def test_fortran_order_and_compression_are_read(tmp_path):
    matrix = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    np.savez_compressed(tmp_path / "a.npz", **{"ip/0": matrix})
    np.testing.assert_array_equal(weights.load(tmp_path / "a.npz")["ip"][0], matrix)
    np.savez(tmp_path / "b.npz", **{"ip/0": matrix})
    np.testing.assert_array_equal(weights.load(tmp_path / "b.npz")["ip"][0], matrix)


def test_python_objects_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", **{"ip/0": np.array([{}], object)})
    with pytest.raises(FormatError, match="holds Python objects, which are never loaded"):
        weights.load(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["ip", "ip/x", "0", "ip/99999999"])
def test_names_that_are_not_layers(tmp_path, name):
    np.savez(tmp_path / "a.npz", **{name: np.zeros(2, np.float32)})
    with pytest.raises(FormatError, match="is not named LAYER/INDEX"):
        weights.load(tmp_path / "a.npz")


def test_a_name_with_a_nul_is_refused(tmp_path):
    with pytest.raises(FormatError, match="cannot be in a zip file"):
        weights.save(tmp_path / "a.npz", Weights({"a\0b": [np.zeros(2, np.float32)]}))
    assert not list(tmp_path.iterdir())


def test_a_state_is_not_weights(tmp_path):
    archive.save(tmp_path / "a.state.npz", [], {"kind": "solver state", "version": 1})
    with pytest.raises(FormatError, match="holds solver state, not weights"):
        weights.load(tmp_path / "a.state.npz")


def test_a_later_version_is_refused(tmp_path):
    archive.save(tmp_path / "a.npz", [], {"kind": "weights", "version": npz.VERSION + 1})
    with pytest.raises(FormatError, match="Install a newer netproto"):
        weights.load(tmp_path / "a.npz")


def test_a_cut_file(tmp_path):
    path = save(tmp_path / "a.npz")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FormatError, match=r"a\.npz: is no \.npz, or a broken one"):
        weights.load(path)


def test_more_values_than_the_file_has(tmp_path):
    path = save(tmp_path / "a.npz")
    path.write_bytes(path.read_bytes().replace(b"'shape': (2, 3, 5)", b"'shape': (2, 9, 5)"))
    with pytest.raises(FormatError, match=r"of the shape \(2, 9, 5\) has 120 bytes"):
        weights.load(path)


def test_damage_is_never_another_error(tmp_path):
    whole = save(tmp_path / "a.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.npz") as file:
        heads = [info.header_offset for info in file.infolist()]
    dice = random.Random(3)
    path = tmp_path / "b.npz"
    outcomes = set()
    for trial in range(800):
        damaged = bytearray(whole)
        for _ in range(dice.randrange(1, 4)):
            start = dice.choice([*heads, len(whole) - 600])
            damaged[min(start + dice.randrange(600), len(whole) - 1)] = dice.randrange(256)
        if trial % 4 == 0:
            del damaged[dice.randrange(len(damaged)) :]
        path.write_bytes(damaged)
        try:
            weights.load(path)
            outcomes.add("loaded")
        except FormatError:
            outcomes.add("refused")
    assert outcomes == {"loaded", "refused"}
