"""Blobs into databases."""

from collections.abc import Callable
from pathlib import Path

import lmdb
import numpy as np
import pytest

from netproto.data import image
from netproto.schema import messages

from . import pictures

MEAN = np.array([104, 117, 123], np.float32)[:, None, None]
ARGV = ["own.npz", "train_val.prototxt", "ip,conv", "ip_lmdb,conv_lmdb", "2", "lmdb"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pictures.write(tmp_path)
    Path("train_val.prototxt").write_text(pictures.TRAIN_VAL.replace("mirror: true", "").replace("batch_size: 3", "batch_size: 2"))
    return tmp_path


def records(path: Path) -> dict[bytes, object]:
    with lmdb.open(str(path), readonly=True, lock=False) as database, database.begin() as transaction:
        return {bytes(key): messages.Datum.FromString(bytes(value)) for key, value in transaction.cursor()}


def wanted(name: str) -> np.ndarray:
    planes = image.resize(image.read(name, color=True), 10, 11).transpose(2, 0, 1)
    return pictures.scores(((planes - MEAN) * np.float32(0.0078125))[None, :, 1:8, 2:9])[0]


def test_as_a_user_runs_it(program: Callable, folder: Path) -> None:
    result = program("extract_features", *ARGV, "--log-format=plain")
    assert (result.code, result.out) == (0, "")
    assert result.err.splitlines()[-3:] == [
        "Extracted features of 4 query images for feature blob ip into ip_lmdb",
        "Extracted features of 4 query images for feature blob conv into conv_lmdb",
        "Successfully extracted the features!",
    ]
    scores = records(folder / "ip_lmdb")
    assert list(scores) == [b"0000000000", b"0000000001", b"0000000002", b"0000000003"]
    for datum, name in zip(scores.values(), ("a.png", "b.png", "c.png", "a.png"), strict=True):
        assert (datum.channels, datum.height, datum.width, datum.HasField("label"), datum.data) == (5, 1, 1, False, b"")
        np.testing.assert_allclose(datum.float_data, wanted(name), atol=1e-5)
    maps = records(folder / "conv_lmdb")[b"0000000003"]
    assert (maps.channels, maps.height, maps.width, len(maps.float_data)) == (2, 3, 3, 18)


def test_what_was_written_is_read_as_data(cli: Callable) -> None:
    assert cli("extract-features", *ARGV, "CPU").code == 0
    Path("again.prototxt").write_text(
        'layer { name: "data" type: "Data" top: "ip" data_param { source: "ip_lmdb" batch_size: 4 backend: LMDB } }'
        'layer { name: "sum" type: "Reduction" bottom: "ip" top: "sum" reduction_param { axis: 0 } }'
    )
    result = cli("test", "--model", "again.prototxt", "--weights", "bare.caffemodel", "--iterations", "1", "--log-format", "plain")
    total = sum(wanted(name).sum() for name in ("a.png", "b.png", "c.png", "a.png"))
    assert float(result.err.splitlines()[-1].removeprefix("sum = ")) == pytest.approx(total, abs=1e-4)


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        ([*ARGV[:5], "leveldb"], 1, "LevelDB is read but not written. Write an lmdb"),
        ([*ARGV[:3], "one_lmdb", *ARGV[4:]], 2, "2 blobs, but 1 databases: name one for each"),
        ([*ARGV[:2], "cov", "pi_lmdb", *ARGV[4:]], 1, "train_val.prototxt:1:1: the net has no blob 'cov'. Did you mean 'conv'?"),
        ([*ARGV[:2], "loss", "loss_lmdb", *ARGV[4:]], 1, "blob 'loss' of the shape () has no records"),
        ([*ARGV[:3], "list.txt,other", *ARGV[4:]], 1, "list.txt: "),
        ([*ARGV[:4], "0", "lmdb"], 2, "'0' is not a whole number of at least 1"),
        (["absent.npz", *ARGV[1:]], 1, "absent.npz: there is no such file"),
        ([*ARGV, "GPU", "0"], 1, "GPU"),
        ([*ARGV, "GPU", "first"], 2, "'first' is no number of a GPU"),
    ],
)
def test_what_it_refuses(argv: list[str], code: int, said: str, cli: Callable) -> None:
    result = cli("extract-features", *argv, "--minloglevel", "1")
    assert result.code == code
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert not [path for path in Path().iterdir() if "lmdb" in path.name or path.name == "other"]
