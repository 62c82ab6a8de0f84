"""A net whose databases are missing reads the sample: what is replaced, what is left alone, and what the databases hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from netproto.data import datum, lmdb
from netproto.errors import FormatError
from netproto.formats import mean
from netproto.sample import cache, prepare, sheets
from netproto.schema import messages, text

LENET = """
layer { name: "mnist" type: "Data" top: "data" top: "label" include { phase: TRAIN } transform_param { scale: 0.00390625 }
        data_param { source: "absent/train_lmdb" batch_size: 64 backend: LMDB } }
layer { name: "mnist" type: "Data" top: "data" top: "label" include { phase: TEST } transform_param { scale: 0.00390625 }
        data_param { source: "absent/test_leveldb" batch_size: 30 } }
"""


def net_of(content: str) -> Any:
    return text.parse(content, messages.NetParameter)


def data_layer(transform: str = "", *, rules: str = "", source: str = "absent_lmdb", batch: int = 7) -> Any:
    return net_of(
        f'layer {{ name: "d" type: "Data" top: "data" {rules} transform_param {{ {transform} }} '
        f'data_param {{ source: "{source}" batch_size: {batch} backend: LMDB }} }}'
    )


def records(path: str | Path) -> list[datum.Datum]:
    source = lmdb.LmdbSource(str(path))
    return [datum.parse(bytes(source.take().value)) for _ in range(len(source))]


def all_levels(found: list[datum.Datum]) -> np.ndarray:
    return np.stack([datum.pixels(d) for d in found])


def test_each_phase_gets_its_pictures(tmp_path: Path) -> None:
    made = prepare(net_of(LENET), cache_dir=str(tmp_path))
    train, test = made.net.layer
    assert (len(records(train.data_param.source)), len(records(test.data_param.source))) == (2000, 500)
    assert messages.enum_name(test.data_param, "backend") == "LMDB"
    assert test.data_param.batch_size == 30
    assert train.transform_param.scale == pytest.approx(0.00390625)
    assert not train.transform_param.HasField("mean_file")


def test_a_test_pass_sees_each_picture(tmp_path: Path) -> None:
    assert prepare(net_of(LENET), cache_dir=str(tmp_path)).test_iter == 17  # of 30: 510 pictures
    assert prepare(data_layer(rules="include { phase: TRAIN }"), cache_dir=str(tmp_path)).test_iter is None


def test_the_message_that_came_stays_as_it_was(tmp_path: Path) -> None:
    net = net_of(LENET)
    before = net.SerializeToString(deterministic=True)
    prepare(net, cache_dir=str(tmp_path))
    assert net.SerializeToString(deterministic=True) == before


def test_the_notes_say_what_was_replaced(tmp_path: Path) -> None:
    first, second = prepare(net_of(LENET), cache_dir=str(tmp_path)).notes
    assert "'mnist'" in first
    assert "2000 train pictures of Fashion-MNIST, 1 x 28 x 28" in first
    assert first.endswith("there is no absent/train_lmdb")
    assert "500 test pictures" in second


def test_a_database_that_exists_is_left_alone(tmp_path: Path) -> None:
    there = tmp_path / "real_lmdb"
    there.mkdir()
    made = prepare(data_layer("mean_file: 'mine.binaryproto'", source=str(there)), cache_dir=str(tmp_path / "cache"))
    assert made.net.layer[0].data_param.source == str(there)
    assert made.net.layer[0].transform_param.mean_file == "mine.binaryproto"
    assert made.notes == []
    assert not (tmp_path / "cache").exists()


def test_other_layers_are_left_alone(tmp_path: Path) -> None:
    net = net_of('layer { name: "i" type: "ImageData" top: "data" image_data_param { source: "absent.txt" batch_size: 3 } }')
    assert prepare(net, cache_dir=str(tmp_path)).net == net


@pytest.mark.parametrize(
    ("rules", "phase", "split"),
    [
        ("include { phase: TEST }", 0, "test"),
        ("include { phase: TRAIN }", 1, "train"),
        ("include { stage: 'a' } include { phase: TEST stage: 'b' }", 0, "test"),
        ("exclude { phase: TRAIN }", 0, "test"),
        ("exclude { phase: TEST }", 1, "train"),
        ("phase: TEST include { phase: TRAIN }", 0, "test"),
        ("", 0, "train"),
        ("", 1, "test"),
    ],
)
def test_the_phase_of_a_layer_decides(tmp_path: Path, rules: str, phase: int, split: str) -> None:
    made = prepare(data_layer(rules=rules), phase=phase, cache_dir=str(tmp_path))
    assert made.net.layer[0].data_param.source.endswith(f"{split}_lmdb")


@pytest.mark.parametrize(
    ("transform", "name"),
    [
        ("", "28x28x1"),
        ("crop_size: 24", "28x28x1"),
        ("crop_size: 28 mean_value: 104 mean_value: 117 mean_value: 123", "28x28x3"),
        ("crop_size: 33", "33x33x1"),
        ("crop_size: 63", "63x63x1"),
        ("crop_size: 64", "256x256x3"),
        ("crop_size: 227 mean_file: 'm.binaryproto'", "256x256x3"),
        ("crop_size: 256", "256x256x3"),
        ("crop_size: 299", "299x299x3"),
    ],
)
def test_the_format_follows_from_the_crop(transform: str, name: str) -> None:
    from netproto.sample.prepare import wanted_format

    assert wanted_format(data_layer(transform).layer[0].transform_param).name == name


def test_small_records_are_the_pictures_in_mixed_order(tmp_path: Path) -> None:
    found = records(cache.folder(cache.Format(28, 1), str(tmp_path)) / "test_lmdb")
    pictures, labels = sheets.load("test")
    order = sheets.shuffled(500, "order test")
    assert np.array_equal(all_levels(found)[:, 0], pictures[order])
    assert [d.label for d in found] == labels[order].tolist()
    assert not found[0].encoded
    for start in range(0, 500, 50):
        assert len({d.label for d in found[start : start + 50]}) >= 8


def test_large_records_are_the_pictures_enlarged_in_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_few_pictures(monkeypatch)
    found = records(cache.folder(cache.Format(64, 3), str(tmp_path)) / "train_lmdb")
    assert len(found) == 20
    assert found[3].encoded
    assert bytes(found[3].data).startswith(b"\x89PNG")
    pictures, labels = sheets.load("train")
    index = sheets.shuffled(20, "order train")[3]
    levels = datum.pixels(found[3])
    assert levels.shape == (3, 64, 64)
    assert np.array_equal(levels[0], levels[2])
    expected = np.asarray(Image.fromarray(pictures[index]).resize((64, 64), Image.Resampling.BILINEAR))
    assert np.array_equal(levels[1], expected)
    assert found[3].label == labels[index]


def test_the_pca_file_holds_the_components_of_gray(tmp_path: Path) -> None:
    """Equal channels have one component, of the variance of all three together."""
    made = prepare(data_layer("crop_size: 64 pca_file: 'absent.binaryproto'"), cache_dir=str(tmp_path))
    stored = mean.load(made.net.layer[0].transform_param.pca_file)[:, :, 0]
    variance = (sheets.load("train")[0] / 255).var()
    np.testing.assert_allclose(stored[:, 0], np.full(3, 255 * 3 * variance / 3**0.5), rtol=1e-5)
    np.testing.assert_allclose(stored[:, 1:], np.zeros((3, 2)), atol=1e-5)


def test_the_mean_file_is_the_mean_of_the_training_pictures(tmp_path: Path) -> None:
    made = prepare(data_layer("mean_file: 'absent.binaryproto'"), cache_dir=str(tmp_path))
    values = mean.load(made.net.layer[0].transform_param.mean_file)
    pictures, _ = sheets.load("train")
    assert values.shape == (1, 28, 28)
    np.testing.assert_allclose(values[0], pictures.astype(np.float64).mean(axis=0), rtol=1e-5, atol=1e-5)


def test_the_databases_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cache.folder(cache.Format(28, 1), str(tmp_path))
    written = (first / "train_lmdb" / "data.mdb").stat().st_mtime_ns
    monkeypatch.setattr(lmdb, "write", None)
    assert cache.folder(cache.Format(28, 1), str(tmp_path)) == first
    assert (first / "train_lmdb" / "data.mdb").stat().st_mtime_ns == written


def test_another_process_may_be_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_few_pictures(monkeypatch)
    form = cache.Format(28, 1)
    make = cache._make

    def while_another_makes_them(form: cache.Format, where: Path) -> None:
        make(form, where)
        monkeypatch.setattr(cache, "_make", make)
        cache.folder(form, str(tmp_path))

    monkeypatch.setattr(cache, "_make", while_another_makes_them)
    found = cache.folder(form, str(tmp_path))
    assert len(records(found / "train_lmdb")) == 20
    assert [p.name for p in tmp_path.iterdir()] == [found.name]


def test_what_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_few_pictures(monkeypatch)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mean, "save", full_disk)
    with pytest.raises(FormatError, match="The disk is full"):
        cache.folder(cache.Format(28, 1), str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="cannot be written"):
        cache.folder(cache.Format(28, 1), str(tmp_path / "file" / "netproto"))


def test_the_cache_is_where_the_user_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/some/where")
    assert Path(cache.user_cache()) == Path("/some/where/netproto")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert Path(cache.user_cache()).is_relative_to(Path.home())


def use_few_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pictures of each class."""
    load = sheets.load

    def few(split: str) -> tuple[np.ndarray, np.ndarray]:
        pictures, labels = load(split)
        chosen = np.concatenate([np.flatnonzero(labels == label)[:2] for label in range(10)])
        return pictures[chosen], labels[chosen]

    monkeypatch.setattr(sheets, "load", few)
