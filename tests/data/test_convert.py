"""Pictures become the databases and means that Caffe's tools make of them (tests/golden/data: what those tools wrote)."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netproto.data import convert, datum, lmdb
from netproto.data.convert import Recipe
from netproto.errors import DataError, FormatError
from netproto.formats import mean

GOLDEN = Path(__file__).parents[1] / "golden" / "data"
IMAGES = f"{GOLDEN}/images/"
LIST = str(GOLDEN / "images" / "list.txt")
SIZE = {"resize_height": 36, "resize_width": 40}


def records(path: str | Path) -> list[tuple[str, bytes]]:
    source = lmdb.LmdbSource(str(path))
    return [(r.name, bytes(r.value)) for r in (source.take() for _ in range(len(source)))]


def picture(path: Path, shape: tuple[int, ...] = (5, 7, 3), *, seed: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(levels).save(path)
    return path


def list_of(folder: Path, *lines: str) -> str:
    (folder / "list.txt").write_text("\n".join(lines) + "\n")
    return str(folder / "list.txt")


@pytest.mark.parametrize(("name", "gray"), [("lmdb", False), ("lmdb_gray", True)])
def test_raw_records_are_caffes(tmp_path: Path, name: str, gray: bool) -> None:
    convert.convert(IMAGES, LIST, str(tmp_path / "db"), Recipe(gray=gray, **SIZE))
    ours, caffes = records(tmp_path / "db"), records(GOLDEN / "db" / name)
    assert [key for key, _ in ours] == [key for key, _ in caffes]
    for (key, mine), (_, theirs) in zip(ours, caffes, strict=True):
        one, other = datum.parse(mine), datum.parse(theirs)
        assert (one.channels, one.height, one.width, one.label, one.encoded) == (other.channels, other.height, other.width, other.label, 0)
        off = np.abs(datum.pixels(one).astype(int) - datum.pixels(other))
        if key.endswith(".png"):
            assert off.max() <= 1
        else:
            assert off.max() <= 3
            assert off.mean() <= 0.3


@pytest.mark.parametrize(("name", "kind", "most", "magic"), [("lmdb_png", "png", 1, b"\x89PNG"), ("lmdb_jpg", "jpg", 8, b"\xff\xd8")])
def test_encoded_records_decode_to_caffes(tmp_path: Path, name: str, kind: str, most: int, magic: bytes) -> None:
    convert.convert(IMAGES, LIST, str(tmp_path / "db"), Recipe(encoded=True, encode_type=kind, **SIZE))
    for (key, mine), (_, theirs) in zip(records(tmp_path / "db"), records(GOLDEN / "db" / name), strict=True):
        if key.endswith(".png"):
            one, other = datum.parse(mine), datum.parse(theirs)
            assert bytes(one.data).startswith(magic)
            assert (one.encoded, one.label, one.channels) == (1, other.label, 0)
            assert np.abs(datum.pixels(one).astype(int) - datum.pixels(other)).max() <= most


def test_a_file_of_the_wanted_kind_goes_in_as_it_is(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    convert.convert(f"{tmp_path}/", list_of(tmp_path, "a.png 3"), str(tmp_path / "db"), Recipe(encoded=True))
    ((key, value),) = records(tmp_path / "db")
    assert key == "00000000_a.png"
    assert bytes(datum.parse(value).data) == path.read_bytes()


def test_an_encode_type_alone_encodes(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    convert.convert(f"{tmp_path}/", list_of(tmp_path, "a.png 3"), str(tmp_path / "db"), Recipe(encode_type="jpg"))
    assert bytes(datum.parse(records(tmp_path / "db")[0][1]).data).startswith(b"\xff\xd8")


def test_one_side_may_be_kept(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    convert.convert(f"{tmp_path}/", list_of(tmp_path, "a.png 3"), str(tmp_path / "db"), Recipe(resize_width=11))
    assert datum.pixels(datum.parse(records(tmp_path / "db")[0][1])).shape == (3, 5, 11)


def test_a_path_may_hold_spaces(tmp_path: Path) -> None:
    picture(tmp_path / "my pictures" / "a b.png")
    convert.convert(f"{tmp_path}/", list_of(tmp_path, "my pictures/a b.png 13"), str(tmp_path / "db"), Recipe())
    ((key, value),) = records(tmp_path / "db")
    assert key == "00000000_my pictures/a b.png"
    assert datum.parse(value).label == 13


def test_what_cannot_be_read_is_skipped_counted_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot much of a picture")
    picture(tmp_path / "c.png", seed=2)
    listing = list_of(tmp_path, "a.png 0", "broken.png 1", "absent.png 2", "c.png 3")
    outcome = convert.convert(f"{tmp_path}/", listing, str(tmp_path / "db"), Recipe())
    assert [key for key, _ in records(tmp_path / "db")] == ["00000000_a.png", "00000003_c.png"]
    assert outcome.written == 2
    assert [Path(path).name for path, _ in outcome.skipped] == ["broken.png", "absent.png"]
    assert "No such file" in outcome.skipped[1][1]
    assert [r.levelno for r in caplog.records if "Skipping" in r.message] == [logging.WARNING] * 2


def test_no_picture_at_all_is_an_error_and_leaves_no_database(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"list\.txt: none of its 2 pictures can be read: .*a\.png"):
        convert.convert(f"{tmp_path}/", list_of(tmp_path, "a.png 0", "b.png 1"), str(tmp_path / "db"), Recipe())
    assert [p.name for p in tmp_path.iterdir()] == ["list.txt"]


def test_sizes_are_checked_on_demand(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png", (5, 8, 3))
    listing = list_of(tmp_path, "a.png 0", "b.png 1")
    convert.convert(f"{tmp_path}/", listing, str(tmp_path / "free"), Recipe())
    with pytest.raises(DataError, match=r"b\.png: its \(height, width, channels\) are \(5, 8, 3\), those of the first picture \(5, 7, 3\)"):
        convert.convert(f"{tmp_path}/", listing, str(tmp_path / "db"), Recipe(check_size=True))
    assert not (tmp_path / "db").exists()


def test_an_unknown_encode_type_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    with pytest.raises(DataError, match="encode_type 'gif'"):
        convert.convert(f"{tmp_path}/", list_of(tmp_path, "a.png 0"), str(tmp_path / "db"), Recipe(encoded=True, encode_type="gif"))


def test_a_line_without_a_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"list\.txt:2:1: .*PATH LABEL"):
        convert.convert(f"{tmp_path}/", list_of(tmp_path, "a.png 0", "b.png"), str(tmp_path / "db"), Recipe())


def test_a_database_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    with pytest.raises(FormatError, match="File exists"):
        convert.convert(IMAGES, LIST, str(tmp_path / "db"), Recipe())


def test_a_shuffle_is_a_function_of_its_seed(tmp_path: Path) -> None:
    keys = []
    for seed, name in [(1, "a"), (1, "b"), (2, "c"), (None, "d")]:
        convert.convert(IMAGES, LIST, str(tmp_path / name), Recipe(), shuffle_seed=seed)
        keys.append([key for key, _ in records(tmp_path / name)])
    assert keys[0] == keys[1] != keys[2]
    assert keys[0] != keys[3]
    assert sorted(key[9:] for key in keys[0]) == sorted(key[9:] for key in keys[3])


@pytest.mark.parametrize(("name", "backend"), [("lmdb", "LMDB"), ("leveldb", "LEVELDB")])
def test_the_mean_is_caffes(name: str, backend: str) -> None:
    ours = convert.mean_of(str(GOLDEN / "db" / name), backend)
    assert np.array_equal(ours, mean.load(GOLDEN / "mean.binaryproto"))


def test_a_mean_file_is_caffes_byte_for_byte(tmp_path: Path) -> None:
    mean.save(tmp_path / "mean.binaryproto", convert.mean_of(str(GOLDEN / "db" / "lmdb")))
    assert (tmp_path / "mean.binaryproto").read_bytes() == (GOLDEN / "mean.binaryproto").read_bytes()


def test_the_mean_of_encoded_pictures() -> None:
    levels = [datum.pixels(datum.parse(value)) for _, value in records(GOLDEN / "db" / "lmdb_png")]
    np.testing.assert_allclose(convert.mean_of(str(GOLDEN / "db" / "lmdb_png")), np.mean(levels, axis=0, dtype=np.float64), rtol=1e-5)


@pytest.mark.parametrize(
    ("second", "said"),
    [(datum.encode(np.zeros((3, 2, 5), np.uint8), 0), r"record '1': its shape is \(3, 2, 5\)"), (b"\xff", "record '1': is no Datum")],
)
def test_a_record_that_does_not_fit_is_named(tmp_path: Path, second: bytes, said: str) -> None:
    lmdb.write(str(tmp_path / "db"), [(b"0", datum.encode(np.ones((3, 5, 2), np.uint8), 0)), (b"1", second)])
    with pytest.raises(DataError, match=said):
        convert.mean_of(str(tmp_path / "db"))
