"""The files of MNIST and CIFAR-10, written here by hand, are read."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from netproto.data import datasets, idx
from netproto.errors import DataError, FormatError
from tests.data.idx_files import write_idx

PICTURES = np.random.default_rng(3).integers(0, 256, (6, 5, 7), dtype=np.uint8)
LABELS = np.array([3, 1, 3, 2, 1, 3], np.uint8)


@pytest.fixture
def mnist(tmp_path: Path) -> tuple[str, str]:
    images = write_idx(tmp_path / "images", PICTURES)
    zipped = tmp_path / "labels.gz"
    zipped.write_bytes(gzip.compress(Path(write_idx(tmp_path / "labels", LABELS)).read_bytes()))
    return images, str(zipped)


def test_plain_and_gzipped(mnist: tuple[str, str]) -> None:
    pictures, labels = datasets.read_mnist(*mnist)
    np.testing.assert_array_equal(pictures, PICTURES)
    np.testing.assert_array_equal(labels, LABELS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\0\0\x0d\x01\0\0\0\x01\0\0\0\0", "no idx file of bytes"),
        (b"\0\0\x08\x03\0\0", "ends within its head"),
        (b"\0\0\x08\x01\0\0\0\x05ab", r"its shape is \(5,\), but holds 2 bytes"),
        (b"\x1f\x8bnonsense", "cannot be unzipped"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x02ab")[:-9], "cannot be unzipped"),
    ],
)
def test_broken_idx_files(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(content)
    with pytest.raises(FormatError, match=said):
        idx.read(tmp_path / "broken")


def test_files_that_do_not_belong_together(mnist: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the labels \(5,\) for 6 pictures"):
        datasets.read_mnist(mnist[0], write_idx(tmp_path / "few", LABELS[:5]))
    with pytest.raises(DataError, match="an array of 1 axes, not pictures"):
        datasets.read_mnist(mnist[1], mnist[1])


def test_a_cut_cifar_file(tmp_path: Path) -> None:
    (tmp_path / "test_batch.bin").write_bytes(bytes(3072))
    with pytest.raises(DataError, match="no multiple of 3073"):
        datasets.read_cifar10(tmp_path, "test")
