"""Pictures into a database, and the mean picture of a database.

Caffe: tools/convert_imageset.cpp and tools/compute_image_mean.cpp; ReadImageToDatum of src/caffe/util/io.cpp.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import DataError, Place
from ..formats import files
from ..formats.mean import MeanSum
from . import datum, image, lmdb
from .image_list import ImageListSource, Listed, shuffled
from .leveldb import LevelDb
from .relight import ColorSum
from .square import square

log = logging.getLogger(__name__)

REPORT_EVERY = 1000
"""Pictures between two lines of a log; a database commits as often."""
FORMATS = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG"}
"""Pillow's names of what `encode_type` may say."""
JPEG_QUALITY = 95
"""OpenCV's, with which Caffe encodes."""
PNG_LEVEL = 3


@dataclass(frozen=True)
class Recipe:
    """How a picture becomes a record; the names are those of convert_imageset's flags.

    gray: one channel. resize_height, resize_width: 0 keeps that side. check_size: all pictures have the size of the first.
    encoded: store JPEG or PNG, not raw pixels. encode_type: 'jpg' or 'png'; '' is what the file's name says. square: in the place of both
    resizes, what the shorter side becomes, before the middle is cut out; 0 for none. Caffe's tool has none.
    """

    gray: bool = False
    resize_height: int = 0
    resize_width: int = 0
    check_size: bool = False
    encoded: bool = False
    encode_type: str = ""
    square: int = 0

    def record(self, path: str, label: int) -> tuple[bytes, tuple[int, ...]]:
        """The Datum of the picture in a file, and its (height, width, channels). Raises DataError if it cannot be read."""
        pixels = image.read(path, color=not self.gray)
        kind = self._kind(path) if self.encoded or self.encode_type else ""
        if kind and not (self.resize_height or self.resize_width or self.square) and _named(path) == kind:
            return datum.encode_file(Path(path).read_bytes(), label), pixels.shape
        pixels = self._resized(pixels)
        if kind:
            return datum.encode_file(encode(pixels, kind), label), pixels.shape
        return datum.encode(image.planes(pixels), label), pixels.shape

    def _resized(self, pixels: np.ndarray) -> np.ndarray:
        if self.square:
            return square(pixels, self.square)
        height, width, _ = pixels.shape
        return image.resize(pixels, self.resize_height or height, self.resize_width or width)

    def _kind(self, path: str) -> str:
        kind = FORMATS.get(self.encode_type.lower()) if self.encode_type else _named(path)
        if not kind:
            said = f"encode_type {self.encode_type!r}" if self.encode_type else "its name does not say a format"
            raise DataError(f"cannot be encoded: {said}", place=Place(path), hint="Give encode_type: jpg or png")
        return kind


@dataclass
class Outcome:
    """What a conversion did. skipped: (path, why) of the pictures that could not be read."""

    written: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


def convert(root: str, listing: str, target: str, recipe: Recipe, *, shuffle_seed: int | None = None) -> Outcome:
    """Make the LMDB `target` of the pictures that a list names, `PATH LABEL` a line, each path after `root` as it stands.

    A picture that cannot be read is skipped, logged and named in the outcome. shuffle_seed: the order is a function of it; None keeps the
    list's. The database is there when it is whole, or not at all. Raises DataError if the list is broken, no picture can be read, or, with
    check_size, one differs from the first; FormatError if the target is there already or cannot be written.
    """
    lines = ImageListSource(listing).lines
    if shuffle_seed is not None:
        lines = [lines[i] for i in shuffled(len(lines), shuffle_seed, 0)]
    outcome = Outcome()
    with files.whole_folder(target) as folder:
        outcome.written = lmdb.write(folder, _records(root, lines, recipe, outcome), per_commit=REPORT_EVERY)
        if not outcome.written:
            raise DataError(f"none of its {len(lines)} pictures can be read: {outcome.skipped[0][1]}", place=Place(listing))
    log.info("Processed %d files.", outcome.written)
    return outcome


def _records(root: str, lines: list[Listed], recipe: Recipe, outcome: Outcome) -> Iterator[tuple[bytes, bytes]]:
    first: tuple[int, ...] | None = None
    count = 0
    for number, (name, label) in enumerate(lines):
        try:
            value, shape = recipe.record(root + name, label)
        except DataError as error:
            log.warning("Skipping %s", error)
            outcome.skipped.append((root + name, str(error)))
            continue
        first = first or shape
        if recipe.check_size and shape != first:
            raise DataError(
                f"its (height, width, channels) are {shape}, those of the first picture {first}",
                place=Place(root + name),
                hint="resize_height and resize_width make all alike",
            )
        yield f"{number:08d}_{name}".encode(errors="surrogateescape"), value
        count += 1
        if count % REPORT_EVERY == 0:
            log.info("Processed %d files.", count)


def encode(pixels: np.ndarray, kind: str) -> bytes:
    """The JPEG or PNG file of a uint8 image of (height, width, 1 or 3), BGR; kind: 'JPEG' or 'PNG'."""
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else np.ascontiguousarray(pixels[:, :, ::-1]))
    content = io.BytesIO()
    picture.save(content, kind, quality=JPEG_QUALITY, compress_level=PNG_LEVEL)
    return content.getvalue()


def _named(path: str) -> str:
    """The format that a file's name says, '' if none that we know."""
    return FORMATS.get(Path(path).suffix.lstrip(".").lower(), "")


def mean_of(path: str, backend: str = "LMDB", colors: ColorSum | None = None) -> np.ndarray:
    """The mean picture of a database, float32 (channels, height, width), summed in float32 as Caffe does; backend: 'LMDB' or 'LEVELDB'.

    colors: what the pictures' pixels are added to, too. Raises DataError if a record is no picture, or has another shape than the first.
    """
    total = MeanSum()
    for key, value in _once(path, backend):
        try:
            pixels = datum.pixels(datum.parse(value))
            total.add(pixels)
            if colors is not None:
                colors.add(pixels)
        except (DataError, ValueError) as error:
            raise DataError(f"record {key!r}: {getattr(error, 'what', error)}", place=Place(path)) from error
        if total.count % (10 * REPORT_EVERY) == 0:
            log.info("Processed %d files.", total.count)
    log.info("Processed %d files.", total.count)
    return total.mean()


def _once(path: str, backend: str) -> Iterator[tuple[str, memoryview]]:
    """(key, value) of every record of a database."""
    if backend == "LEVELDB":
        for key, value in LevelDb(path).entries():
            yield key.decode("latin-1"), value
        return
    source = lmdb.LmdbSource(path)
    try:
        for _ in range(len(source)):
            record = source.take()
            yield record.name, record.value
    finally:
        source.close()
