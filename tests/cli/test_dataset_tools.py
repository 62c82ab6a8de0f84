"""convert-mnist and convert-cifar: files written here by hand become records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netproto.data import datum
from netproto.data.lmdb import LmdbSource
from tests.data.idx_files import write_idx

PICTURES = np.random.default_rng(3).integers(0, 256, (6, 5, 7), dtype=np.uint8)
LABELS = np.array([3, 1, 3, 2, 1, 3], np.uint8)


@pytest.fixture
def mnist(tmp_path: Path) -> tuple[str, str]:
    return write_idx(tmp_path / "images", PICTURES), write_idx(tmp_path / "labels", LABELS)


def records(path: Path) -> list[tuple[np.ndarray, int]]:
    source = LmdbSource(str(path))
    taken = [datum.parse(source.take().value) for _ in range(len(source))]
    read = [(datum.pixels(record).copy(), record.label) for record in taken]
    source.close()
    return read


def test_convert_mnist(mnist: tuple[str, str], tmp_path: Path, cli: Callable[..., Any]) -> None:
    assert cli("convert-mnist", *mnist, tmp_path / "lmdb").code == 0
    for (pixels, label), picture, wanted in zip(records(tmp_path / "lmdb"), PICTURES, LABELS, strict=True):
        np.testing.assert_array_equal(pixels, picture[None])
        assert label == wanted


def test_convert_mnist_larger_and_as_png(mnist: tuple[str, str], tmp_path: Path, cli: Callable[..., Any]) -> None:
    assert cli("convert-mnist", *mnist, tmp_path / "raw", "--resize", 14).code == 0
    assert cli("convert-mnist", *mnist, tmp_path / "png", "--resize", 14, "--encoded").code == 0
    for (raw, _), (png, _) in zip(records(tmp_path / "raw"), records(tmp_path / "png"), strict=True):
        assert raw.shape == (1, 14, 14)
        np.testing.assert_array_equal(raw, png)


def test_pairs_are_drawn_by_a_seed(mnist: tuple[str, str], tmp_path: Path, cli: Callable[..., Any]) -> None:
    made = {}
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        assert cli("convert-mnist", *mnist, tmp_path / name, "--pairs", "--seed", seed).code == 0
        made[name] = records(tmp_path / name)
    known = {picture.tobytes(): label for picture, label in zip(PICTURES, LABELS, strict=True)}
    for pixels, same in made["a"]:
        assert pixels.shape == (2, 5, 7)
        assert same == (known[pixels[0].tobytes()] == known[pixels[1].tobytes()])
    contents = {name: [pixels.tobytes() for pixels, _ in pairs] for name, pairs in made.items()}
    assert contents["a"] == contents["b"]
    assert contents["a"] != contents["c"]


def test_convert_cifar(tmp_path: Path, cli: Callable[..., Any]) -> None:
    rng = np.random.default_rng(4)
    rows = rng.integers(0, 256, (18, 3073), dtype=np.uint8)
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    for name, part in zip(names, np.split(rows, 6), strict=True):
        (tmp_path / name).write_bytes(part.tobytes())
    assert cli("convert-cifar", tmp_path, tmp_path / "new" / "folder").code == 0
    train, test = (records(tmp_path / "new" / "folder" / f"cifar10_{split}_lmdb") for split in ("train", "test"))
    assert (len(train), len(test)) == (15, 3)
    for (pixels, label), row in zip([*train, *test], rows, strict=True):
        assert pixels.shape == (3, 32, 32)
        assert label == row[0]
        np.testing.assert_array_equal(pixels.ravel(), row[1:])
