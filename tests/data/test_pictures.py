"""Pictures whose transformation is left to others: pixels and windows, and that they make what the host makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netproto.data.pictures import PictureLoader
from netproto.data.prefetch import Prefetcher
from netproto.data.source import Record, Source
from netproto.data.ten_crops import TenCrops
from netproto.data.transform import Transform
from netproto.errors import DataError
from netproto.ops.base import Ops

GENERATOR = np.random.default_rng(3)
MEAN = GENERATOR.uniform(0, 255, (3, 7, 9)).astype(np.float32)


class Drawn(Source):
    """Pictures one after the other."""

    def __init__(self, pictures: list[np.ndarray]):
        super().__init__("drawn")
        self.pictures = pictures

    def _next(self) -> Record:
        return Record(self.position, str(self.position), self.pictures[self.position % len(self.pictures)])


class Loader(PictureLoader):
    def picture_shape(self, record: Record) -> tuple[int, ...]:
        return tuple(record.value.shape)

    def picture(self, record: Record) -> tuple[np.ndarray, int]:
        return record.value, record.ordinal

    def is_bytes(self, record: Record) -> bool:
        return bool(record.value.dtype == np.uint8)


def pictures(*sizes: tuple[int, int]) -> list[np.ndarray]:
    return [GENERATOR.integers(0, 256, (3, *size), dtype=np.uint8) for size in sizes]


def batch(transform: Transform, given: list[np.ndarray], *, raw: bool, labels: bool = True) -> list[np.ndarray]:
    feed = Prefetcher(Drawn(given), Loader(transform, labels=labels), len(given))
    feed.leave_pixels(raw)
    arrays = [np.array(array) for array in feed.next(key=5).arrays]
    feed.close()
    return arrays


@pytest.mark.parametrize(
    "mean", [np.zeros((0, 0, 0), np.float32), MEAN[:, :1, :1], MEAN[:1, :1, :1], MEAN], ids=["none", "3", "1", "pixels"]
)
@pytest.mark.parametrize("crop_size", [0, 5])
def test_they_make_what_the_host_makes(crop_size: int, mean: np.ndarray) -> None:
    transform = Transform(crop_size, mirror=True, mean=mean, scale=np.float32(0.5), train=True)
    given, ops = pictures(*[(7, 9)] * 11), Ops()
    wanted, wanted_labels = batch(transform, given, raw=False)
    pixels, windows, labels = batch(transform, given, raw=True)
    assert (pixels.dtype, windows.dtype, pixels.shape, windows.shape) == ("uint8", "int32", (11, 3, 7, 9), (11, 3))
    assert len({tuple(window) for window in windows}) > 1
    found, level = np.empty_like(wanted), transform.mean_of(3)
    ops.upload_pixels(pixels, windows, level if level.size else None, found, scale=0.5)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(labels, wanted_labels)


def test_a_picture_of_another_size_gives_its_window() -> None:
    transform = Transform(5, train=True, mirror=True)
    given = pictures((7, 9), (6, 5), (12, 11), (5, 5))
    (wanted,), (pixels, windows) = (batch(transform, given, raw=raw, labels=False) for raw in (False, True))
    found = np.empty_like(wanted)
    Ops().upload_pixels(pixels, windows, None, found, scale=1.0)
    np.testing.assert_array_equal(found, wanted)


LEFT_TO_NONE: dict[str, Any] = {
    "ten crops": (TenCrops.like(Transform(5)), np.uint8),
    "floats": (Transform(5), np.float32),
}


@pytest.mark.parametrize("what", LEFT_TO_NONE)
def test_what_is_transformed_on_the_host_all_the_same(what: str) -> None:
    transform, dtype = LEFT_TO_NONE[what]
    given = [picture.astype(dtype) for picture in pictures((7, 9), (7, 9))]
    for a, b in zip(*(batch(transform, given, raw=raw) for raw in (False, True)), strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


def test_bytes_and_then_floats() -> None:
    given = pictures((7, 9), (7, 9))
    with pytest.raises(DataError, match="holds floats, the first of its batch bytes"):
        batch(Transform(), [given[0], given[1].astype(np.float32)], raw=True)


def test_what_was_fetched_stays_as_it_is() -> None:
    feed = Prefetcher(Drawn(pictures((7, 9))), Loader(Transform(), labels=True), 2)
    feed.next()
    feed.leave_pixels(True)
    assert not feed.next().is_raw
    feed.close()
