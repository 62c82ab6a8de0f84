"""convert-imageset and compute-image-mean: pictures in, a database and its mean out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netproto.data import datum
from netproto.data.lmdb import LmdbSource
from netproto.formats import mean

SHAPE = (7, 5, 3)


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Six pictures (RGB) in `in/`, their list, and a line for one that is not there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(11)
    made = [rng.integers(0, 256, SHAPE, dtype=np.uint8) for _ in range(6)]
    for i, pixels in enumerate(made):
        Image.fromarray(pixels).save(tmp_path / "in" / f"a picture {i}.png")
    lines = [f"a picture {i}.png {i % 3}" for i in range(6)]
    (tmp_path / "list.txt").write_text("\n".join([*lines[:2], "absent.png 1", *lines[2:]]) + "\n")
    return made


def records(path: str) -> list[tuple[str, np.ndarray, int]]:
    source = LmdbSource(path)
    taken = [source.take() for _ in range(len(source))]
    read = [(record.name, datum.pixels(datum.parse(record.value)).copy(), datum.parse(record.value).label) for record in taken]
    source.close()
    return read


def test_pictures_become_records_and_what_is_missing_is_named(pictures: list[np.ndarray], cli: Callable) -> None:
    result = cli("convert_imageset", "in/", "list.txt", "out_lmdb")
    assert result.code == 0
    assert "in/absent.png" in result.err
    assert "1 pictures could not be read" in result.err
    got = records("out_lmdb")
    assert [name for name, _, _ in got] == [f"{line:08d}_a picture {i}.png" for i, line in enumerate([0, 1, 3, 4, 5, 6])]
    assert [label for _, _, label in got] == [0, 1, 2, 0, 1, 2]
    for (_, pixels, _), picture in zip(got, pictures, strict=True):
        np.testing.assert_array_equal(pixels, picture[:, :, ::-1].transpose(2, 0, 1))


def test_caffes_flags(pictures: list[np.ndarray], cli: Callable) -> None:
    flags = ["-gray", "-resize_width=3", "-resize_height", "4", "-check_size", "-encoded", "-encode_type=png", "-backend", "lmdb"]
    assert cli("convert-imageset", *flags, "in/", "list.txt", "out_lmdb").code == 0
    assert {pixels.shape for _, pixels, _ in records("out_lmdb")} == {(1, 4, 3)}


def test_the_shorter_side_to_a_length_and_the_middle_of_the_longer(cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A band of 40 columns that is 14 high: at the height of 7, the middle 7 of 20 columns, which show columns 13 to 26."""
    monkeypatch.chdir(tmp_path)
    band = np.broadcast_to(np.arange(0, 200, 5, dtype=np.uint8)[None, :, None], (14, 40, 3))
    Image.fromarray(np.ascontiguousarray(band)).save("band.png")
    Path("list.txt").write_text("band.png 4\n")
    assert cli("convert-imageset", "--square", 7, "./", "list.txt", "out_lmdb").code == 0
    ((_, pixels, label),) = records("out_lmdb")
    assert (pixels.shape, label) == ((3, 7, 7), 4)
    assert (np.diff(pixels[0, 0].astype(int)) == 10).all()
    assert pixels[0, 0, 3] == pytest.approx(band[0, 19:21].mean(), abs=5.1)
    assert cli("convert-imageset", "--square", 7, "--resize-width", 7, "./", "list.txt", "other_lmdb").code == 2


def test_shuffled_by_a_seed(pictures: list[np.ndarray], cli: Callable) -> None:
    orders = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert cli("convert-imageset", "--shuffle", "--seed", seed, "in/", "list.txt", name).code == 0
        orders.append([pixels.tobytes() for _, pixels, _ in records(name)])
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])


def test_the_mean(pictures: list[np.ndarray], cli: Callable) -> None:
    cli("convert-imageset", "in/", "list.txt", "out_lmdb")
    result = cli("compute-image-mean", "out_lmdb", "mean.binaryproto")
    assert result.code == 0
    wanted = sum(p.astype(np.float64) for p in pictures)[:, :, ::-1].transpose(2, 0, 1) / 6
    np.testing.assert_allclose(mean.load("mean.binaryproto"), wanted, rtol=1e-6)
    said = [line.split("] ", 1)[1] for line in result.err.splitlines()]
    assert said[-4:] == ["Number of channels: 3", *(f"mean_value channel [{c}]: {wanted[c].mean():g}" for c in range(3))]
    assert "Write to" not in cli("compute-image-mean", "out_lmdb").err


def test_the_components_of_the_colours(pictures: list[np.ndarray], cli: Callable) -> None:
    cli("convert-imageset", "in/", "list.txt", "out_lmdb")
    result = cli("compute-image-mean", "out_lmdb", "--pca", "pca.binaryproto")
    assert result.code == 0
    pixels = np.concatenate([p[:, :, ::-1].reshape(-1, 3) for p in pictures]).astype(np.float64) / 255
    covariance = np.cov(pixels.T, bias=True)
    stored = mean.load("pca.binaryproto")[:, :, 0]
    values = np.linalg.norm(stored, axis=0) / 255
    np.testing.assert_allclose(covariance @ stored, values * stored, rtol=1e-4, atol=1e-5)
    assert result.err.count("principal component of (") == 3
    assert f": {values[0]:.4g}" in result.err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["in/", "absent.txt", "new"], "absent.txt: "),
        (["nowhere/", "list.txt", "new"], "can be read"),
        (["in/", "list.txt", "in"], "in: "),
        (["--backend=leveldb", "in/", "list.txt", "new"], "LevelDB is read but not written"),
    ],
)
def test_what_cannot_be_converted(argv: list[str], said: str, pictures: list[np.ndarray], cli: Callable) -> None:
    result = cli("convert-imageset", *argv, "--minloglevel=2")
    assert result.code == 1
    assert result.err.startswith("netproto: error: ")
    assert said in result.err
    assert not Path("new").exists()


def test_no_database_to_take_the_mean_of(tmp_path: Path, cli: Callable) -> None:
    result = cli("compute-image-mean", tmp_path / "absent_lmdb", tmp_path / "mean.binaryproto")
    assert result.code == 1
    assert "absent_lmdb: there is no such LMDB" in result.err
    assert not (tmp_path / "mean.binaryproto").exists()
