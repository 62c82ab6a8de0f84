"""Rows of HDF5 files: order, shuffling, streaming, and files that do not fit."""

import h5py
import numpy as np
import pytest

from netproto.data import hdf5
from netproto.data.hdf5 import Hdf5Loader, Hdf5Source
from netproto.data.prefetch import Prefetcher
from netproto.errors import DataError

ROWS = (4, 1, 6)


@pytest.fixture
def listed(tmp_path):
    """A list of three files with rows numbered through, written in the given way."""

    def write(**options):
        names, start = [], 0
        for i, rows in enumerate(ROWS):
            path = tmp_path / f"{i}.h5"
            with h5py.File(path, "w") as file:
                numbers = np.arange(start, start + rows)
                file.create_dataset(
                    "data", data=(numbers[:, None, None] + np.arange(6).reshape(2, 3) / 8).astype(options.get("dtype", "f4"))
                )
                file.create_dataset("label", data=numbers.astype("i4"), **options.get("label", {}))
            names.append(str(path))
            start += rows
        (tmp_path / "list.txt").write_text(f"{names[0]}\n{names[1]} {names[2]}\n")
        return str(tmp_path / "list.txt")

    return write


def batches(source, size, count, key=0, threads=2):
    prefetcher = Prefetcher(source, Hdf5Loader(source), size, threads=threads)
    out = []
    for _ in range(count):
        batch = prefetcher.next(key)
        out.append([a.copy() for a in batch.arrays])
        prefetcher.release(batch)
    prefetcher.close()
    return out


@pytest.mark.parametrize("options", [{}, {"dtype": "f8"}, {"dtype": ">f4"}, {"label": {"chunks": (1,), "compression": "gzip"}}])
def test_batches_go_on_from_file_to_file_and_wrap(listed, options):
    source = Hdf5Source(listed(**options), ["data", "label"])
    assert len(source) == 11
    got = batches(source, 7, 4)
    assert [a.shape for a in got[0]] == [(7, 2, 3), (7,)]
    numbers = np.concatenate([label for _, label in got])
    np.testing.assert_array_equal(numbers, np.arange(28) % 11)
    wanted = (numbers[:, None, None] + np.arange(6, dtype=np.float32).reshape(2, 3) / 8).astype(np.float32)
    np.testing.assert_array_equal(np.concatenate([data for data, _ in got]), wanted)


def test_a_top_alone(listed):
    (first,) = batches(Hdf5Source(listed(), ["label"]), 5, 1)
    np.testing.assert_array_equal(first[0], np.arange(5))


def files_of(labels):
    """Which file each label is from, runs joined."""
    ends = np.cumsum(ROWS)
    files = [int(np.searchsorted(ends, label, side="right")) for label in labels]
    return [f for i, f in enumerate(files) if i == 0 or f != files[i - 1]]


def test_shuffling_permutes_files_and_the_rows_of_each(listed):
    path = listed()
    got = np.concatenate([b[0] for b in batches(Hdf5Source(path, ["label"], shuffle=True), 11, 40, key=3)]).reshape(40, 11).astype(int)
    assert all(sorted(epoch) == list(range(11)) for epoch in got)
    assert {tuple(files_of(epoch)) for epoch in got} == {(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)}
    assert len({tuple(n for n in epoch if n < 4) for epoch in got}) > 15
    again = np.concatenate([b[0] for b in batches(Hdf5Source(path, ["label"], shuffle=True), 5, 8, key=3, threads=1)])
    np.testing.assert_array_equal(again, got.ravel()[:40])
    other = batches(Hdf5Source(path, ["label"], shuffle=True), 11, 1, key=4)
    assert not np.array_equal(other[0][0], got[0])


@pytest.mark.parametrize("shuffle", [False, True])
def test_it_resumes_anywhere(listed, shuffle):
    path = listed()
    straight = Hdf5Source(path, ["label"], shuffle=shuffle)
    straight.key = 3
    values = [straight.take().value for _ in range(30)]
    for stop in (0, 3, 4, 11, 23):
        source = Hdf5Source(path, ["label"], shuffle=shuffle)
        source.key = 3
        source.restore({"position": stop})
        assert [source.take().value for _ in range(5)] == values[stop : stop + 5]


def test_many_files_are_not_all_kept_open(listed, monkeypatch):
    monkeypatch.setattr(hdf5, "MOST_OPEN", 1)
    source = Hdf5Source(listed(), ["label"])
    np.testing.assert_array_equal(np.concatenate([b[0] for b in batches(source, 4, 6)]), np.arange(24) % 11)


def test_ranks_take_turns(listed):
    path = listed()
    taken = []
    for rank in range(2):
        source = Hdf5Source(path, ["label"])
        source.deal(rank, 2)
        taken.append([int(v) for v in batches(source, 6, 1)[0][0]])
    assert taken == [[0, 2, 4, 6, 8, 10], [1, 3, 5, 7, 9, 0]]


def rewrite(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values


@pytest.mark.parametrize(
    ("datasets", "what"),
    [
        ({"data": np.zeros((3, 2, 3))}, r"1\.h5: has no dataset 'label'"),
        ({"data": np.zeros((3, 2, 3)), "lable": np.zeros(3)}, r"has no dataset 'label'\. Did you mean 'lable'\?"),
        ({"data": np.zeros((3, 2, 3)), "label": np.zeros(4)}, r"has datasets of different lengths: 'data' 3, 'label' 4"),
        (
            {"data": np.zeros((3, 2, 4)), "label": np.zeros(3)},
            r"dataset 'data' has rows of the shape \(2, 4\); those of .*0\.h5 have \(2, 3\)",
        ),
        ({"data": np.zeros((3, 2, 3)), "label": np.float32(1)}, r"dataset 'label' is no array of numbers with rows"),
        ({"data": np.zeros((3, 2, 3)), "label": np.array([b"a", b"b", b"c"])}, r"dataset 'label' is no array of numbers with rows"),
    ],
)
def test_files_that_do_not_fit(listed, tmp_path, datasets, what):
    path = listed()
    rewrite(tmp_path / "1.h5", **datasets)
    with pytest.raises(DataError, match=what):
        Hdf5Source(path, ["data", "label"])


def test_files_that_cannot_be_read(listed, tmp_path):
    path = listed()
    whole = (tmp_path / "2.h5").read_bytes()
    (tmp_path / "2.h5").write_bytes(whole[:700])
    with pytest.raises(DataError, match=r"2\.h5: is no HDF5 file, or a broken one"):
        Hdf5Source(path, ["data"])
    (tmp_path / "2.h5").unlink()
    with pytest.raises(DataError, match=r"2\.h5: there is no such file"):
        Hdf5Source(path, ["data"])
    with pytest.raises(DataError, match="cannot be read"):
        Hdf5Source(str(tmp_path / "none.txt"), ["data"])
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(DataError, match="is empty: it should list HDF5 files"):
        Hdf5Source(str(tmp_path / "empty.txt"), ["data"])


def test_files_without_rows(listed, tmp_path):
    path = listed()
    for i in range(3):
        rewrite(tmp_path / f"{i}.h5", label=np.zeros(0))
    with pytest.raises(DataError, match="names no file that has rows"):
        Hdf5Source(path, ["label"])


def test_a_file_that_goes_away_while_it_is_read(listed, tmp_path):
    source = Hdf5Source(listed(), ["label"])
    (tmp_path / "1.h5").unlink()
    prefetcher = Prefetcher(source, Hdf5Loader(source), 4)
    prefetcher.next()
    with pytest.raises(DataError, match=r"1\.h5: there is no such file"):
        prefetcher.next()
    prefetcher.close()
