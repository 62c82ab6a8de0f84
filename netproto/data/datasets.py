"""The files in which MNIST, Fashion-MNIST and CIFAR-10 are given out, as the records of a database.

Caffe: examples/mnist/convert_mnist_data.cpp, examples/siamese/convert_mnist_siamese_data.cpp, examples/cifar10/convert_cifar_data.cpp.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..errors import DataError, Place
from ..formats import files
from . import datum, idx, image
from .convert import encode

Record = tuple[bytes, bytes]
"""Key and Datum."""

CIFAR10_SIDE = 32
CIFAR10_FILES = {"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)}
"""Of CIFAR-10's binary version: a label and 3072 levels, red, green, blue, for each picture."""


def read_mnist(images: str, labels: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N, height, width) and their labels (N,), uint8, of two idx files.

    Raises FormatError for a file that is broken, DataError where the two do not belong together.
    """
    pictures, classes = idx.read(images), idx.read(labels)
    if pictures.ndim != 3:
        raise DataError(f"holds an array of {pictures.ndim} axes, not pictures", place=Place(images))
    if classes.shape != (len(pictures),) or not len(pictures):
        raise DataError(f"holds the labels {classes.shape} for {len(pictures)} pictures", place=Place(labels))
    return pictures, classes


def pictures(planes: np.ndarray, labels: Sequence[int] | np.ndarray, *, side: int = 0, encoded: bool = False) -> Iterator[Record]:
    """Records of uint8 pictures (N, channels, height, width).

    side: the width and height that they get, bilinearly; 0 keeps theirs. encoded: stored as PNG.
    """
    for number, (picture, label) in enumerate(zip(planes, labels, strict=True)):
        if side:
            picture = image.planes(image.resize(np.ascontiguousarray(picture.transpose(1, 2, 0)), side, side))
        yield f"{number:08d}".encode(), _png(picture, int(label)) if encoded else datum.encode(picture, int(label))


def _png(picture: np.ndarray, label: int) -> bytes:
    return datum.encode_file(encode(picture.transpose(1, 2, 0), "PNG"), label)


def pairs(planes: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """As many pairs as there are pictures (N, 1, height, width), each of two drawn from them: (N, 2, height, width), and 1 where their
    labels are equal, else 0."""
    first, second = np.random.default_rng(seed).integers(0, len(planes), (2, len(planes)))
    return np.concatenate([planes[first], planes[second]], axis=1), (labels[first] == labels[second]).astype(np.uint8)


def read_cifar10(folder: str | os.PathLike[str], split: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N, 3, 32, 32) and labels (N,), uint8, of the binary version; split: 'train' or 'test'. Raises FormatError or DataError."""
    size = 1 + 3 * CIFAR10_SIDE**2
    parts = []
    for name in CIFAR10_FILES[split]:
        path = Path(folder) / name
        content = np.frombuffer(files.view(path), np.uint8)
        if len(content) % size:
            raise DataError(f"holds {len(content)} bytes, no multiple of {size}", place=Place(os.fspath(path)))
        parts.append(content.reshape(-1, size))
    rows = np.concatenate(parts)
    return rows[:, 1:].reshape(-1, 3, CIFAR10_SIDE, CIFAR10_SIDE), rows[:, 0]
