"""The databases and the mean file made of the sample, in the user's cache: made at first use, whole or not at all, and kept."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..data import convert, datum, lmdb, relight
from ..errors import FormatError
from ..formats import files, mean
from . import sheets

log = logging.getLogger(__name__)

RECIPE = 2
"""Counts up whenever the same sheets become other databases, so that old ones are not taken for them."""
WORKERS, AT_ONCE = 4, 64
SOURCES = {"train": "train_lmdb", "test": "test_lmdb"}
MEAN_FILE, PCA_FILE = "mean.binaryproto", "pca.binaryproto"


@dataclass(frozen=True)
class Format:
    """What the pictures become: squares of `side` pixels with 1 or 3 channels. Larger than they are, they are stored as PNG."""

    side: int
    channels: int

    @property
    def name(self) -> str:
        return f"{self.side}x{self.side}x{self.channels}"

    def planes(self, picture: np.ndarray) -> np.ndarray:
        """A (28, 28) picture as uint8 (channels, side, side): enlarged bilinearly, the gray levels in every channel."""
        enlarged = Image.fromarray(picture).resize((self.side, self.side), Image.Resampling.BILINEAR)
        return np.broadcast_to(np.asarray(enlarged), (self.channels, self.side, self.side))

    def record(self, planes: np.ndarray, label: int) -> bytes:
        """The Datum of a picture."""
        if self.side == sheets.SIDE:
            return datum.encode(planes, label)
        return datum.encode_file(convert.encode(planes.transpose(1, 2, 0), "PNG"), label)


def folder(form: Format, cache_dir: str | None = None) -> Path:
    """The folder with the two LMDBs, the mean file and the pca_file in this format; they are made if they are not there yet.

    cache_dir: where netproto keeps what it can make again; by default the platform's cache folder. Two processes may ask at once.
    Raises FormatError or DataError if they cannot be written.
    """
    path = Path(cache_dir or user_cache()) / f"sample-{RECIPE}-{form.name}"
    if path.is_dir():
        return path
    log.info("Making the sample's databases of %d x %d pictures in %s", form.side, form.side, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.cannot_write(path.parent, error) from error
    try:
        with files.whole_folder(path) as temporary:
            os.mkdir(temporary)
            _make(form, Path(temporary))
    except FormatError:
        if not path.is_dir():  # else another process was faster
            raise
    return path


def _make(form: Format, where: Path) -> None:
    total = mean.MeanSum()
    lmdb.write(str(where / SOURCES["train"]), _records(form, "train", total))
    lmdb.write(str(where / SOURCES["test"]), _records(form, "test", mean.MeanSum()))
    mean.save(where / MEAN_FILE, total.mean())
    relight.save(str(where / PCA_FILE), *_colors(form).components())


def _colors(form: Format) -> relight.ColorSum:
    """The colours of the training pictures, as they are before they are enlarged."""
    pictures, _ = sheets.load("train")
    total = relight.ColorSum()
    total.add(np.broadcast_to(pictures.reshape(1, 1, -1), (form.channels, 1, pictures.size)))
    return total


def _records(form: Format, split: str, total: mean.MeanSum) -> Iterator[tuple[bytes, bytes]]:
    """(key, Datum) of a split, its classes mixed; each picture is also added to a mean."""
    pictures, labels = sheets.load(split)
    order = sheets.shuffled(len(pictures), f"order {split}")

    def made(index: int) -> tuple[np.ndarray, bytes]:
        planes = form.planes(pictures[index])
        return planes, form.record(planes, int(labels[index]))

    with ThreadPoolExecutor(WORKERS) as pool:
        for start in range(0, len(order), AT_ONCE):
            for number, (planes, record) in enumerate(pool.map(made, order[start : start + AT_ONCE]), start):
                total.add(planes)
                yield f"{number:08d}".encode(), record


def user_cache() -> str:
    """netproto's folder in the user's cache: $XDG_CACHE_HOME, or what the platform has in its place."""
    if os.environ.get("XDG_CACHE_HOME"):
        base = os.environ["XDG_CACHE_HOME"]
    elif sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local")
    else:
        base = os.path.expanduser("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    return os.path.join(base, "netproto")
