"""Caffe's .caffemodel.h5, against a file that Caffe wrote and against h5py alone."""

import random
from pathlib import Path

import h5py
import numpy as np
import pytest

from netproto.errors import FormatError
from netproto.formats import hdf5, weights
from netproto.formats.weights import Weights
from netproto.schema import messages

GOLDEN = Path(__file__).parents[1] / "golden" / "solver" / "sgd_hdf5"
ARRAYS = {
    "inception_3a/1x1": [np.arange(30, dtype=np.float32).reshape(2, 3, 5), np.float32([1.5, -2])],
    "inception_3a": [np.float32([7, 8, 9])],
    "ip": [np.arange(14, dtype=np.float32).reshape(7, 2)],
}


def test_caffes_own_file():
    loaded, binary = weights.load(GOLDEN / "iter_iter_6.caffemodel.h5"), weights.load(GOLDEN.parent / "sgd_step" / "iter_iter_6.caffemodel")
    assert {name: [a.shape for a in arrays] for name, arrays in loaded.items()} == {
        name: [a.shape for a in arrays] for name, arrays in binary.items()
    }
    with h5py.File(GOLDEN / "iter_iter_6.caffemodel.h5") as file:
        np.testing.assert_array_equal(loaded["ip"][0], file["data/ip/0"][()])


def test_what_is_written_looks_like_caffes(tmp_path):
    path = tmp_path / "a.caffemodel.h5"
    loaded = weights.load(GOLDEN / "iter_iter_6.caffemodel.h5")
    net = messages.NetParameter()
    for name in ("data", "conv1", "relu1", "norm1", "pool1", "conv2", "relu2", "ip", "loss"):
        net.layer.add(name=name)
    weights.save(path, Weights(loaded, message=net))

    def listing(file):
        found = {}
        file.visititems(lambda name, item: found.update({name: (getattr(item, "shape", None), str(getattr(item, "dtype", "")))}))
        return found

    with h5py.File(path) as ours, h5py.File(GOLDEN / "iter_iter_6.caffemodel.h5") as theirs:
        assert listing(ours) == listing(theirs)
        np.testing.assert_array_equal(ours["data/conv2/0"][()], theirs["data/conv2/0"][()])


def test_round_trip_with_slashes_in_names(tmp_path):
    weights.save(tmp_path / "a.h5", Weights(ARRAYS))
    loaded = weights.load(tmp_path / "a.h5")
    assert sorted(loaded) == sorted(ARRAYS)
    for name, wanted in ARRAYS.items():
        for got, want in zip(loaded[name], wanted, strict=True):
            np.testing.assert_array_equal(got, want, strict=True)


def test_a_shared_array_is_stored_once(tmp_path):
    shared, own = np.float32([1, 2, 3]), np.float32([4])
    weights.save(tmp_path / "a.h5", Weights({"a": [shared], "b": [shared, own]}))
    with h5py.File(tmp_path / "a.h5") as file:
        assert list(file["data/b"]) == ["1"]
    loaded = weights.load(tmp_path / "a.h5")
    assert loaded["b"][0] is None
    np.testing.assert_array_equal(loaded["b"][1], own)


def test_other_kinds_of_numbers_and_layouts_are_read(tmp_path):
    values = np.arange(6).reshape(2, 3)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data/ip/0"] = values.astype(">f8")
        file.create_dataset("data/ip/1", data=values.astype(np.float32), chunks=(1, 3), compression="gzip")
        file["data/ip/2"] = values.astype(np.int32)
    for array in weights.load(tmp_path / "a.h5")["ip"]:
        np.testing.assert_array_equal(array, values.astype(np.float32), strict=True)


def test_more_than_nine_arrays_keep_their_order(tmp_path):
    weights.save(tmp_path / "a.h5", Weights({"ip": [np.float32([i]) for i in range(12)]}))
    assert [float(a[0]) for a in weights.load(tmp_path / "a.h5")["ip"]] == list(range(12))


def test_a_file_without_weights(tmp_path):
    with pytest.raises(FormatError, match="has no group /data"):
        weights.load(GOLDEN / "iter_iter_6.solverstate.h5")


def test_a_cut_file(tmp_path):
    whole = (GOLDEN / "iter_iter_6.caffemodel.h5").read_bytes()
    path = tmp_path / "a.h5"
    for length in (20, 2000, len(whole) - 100):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError, match=r"a\.h5: is no HDF5 file"):
            weights.load(path)


def test_damage_is_never_another_error(tmp_path):
    whole = (GOLDEN / "iter_iter_6.caffemodel.h5").read_bytes()
    dice = random.Random(6)
    path = tmp_path / "a.h5"
    outcomes = set()
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(8):
            damaged[8 + dice.randrange(6000)] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            weights.load(path)
            outcomes.add("loaded")
        except FormatError:
            outcomes.add("refused")
    assert "refused" in outcomes


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hdf5, "write_array", full)
    with pytest.raises(FormatError, match=r"a\.h5: cannot be written: No space left on device"):
        weights.save(tmp_path / "a.h5", Weights(ARRAYS))
    assert not list(tmp_path.iterdir())
