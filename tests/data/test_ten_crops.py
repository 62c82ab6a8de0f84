"""Ten crops of each record, by the loaders that give one."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netproto.data.image_list import ImageListLoader, ImageListSource
from netproto.data.prefetch import Prefetcher
from netproto.data.ten_crops import TenCrops
from netproto.data.transform import Transform
from netproto.errors import DataError

PIXELS = np.random.default_rng(5).integers(0, 256, (2, 9, 11, 3), np.uint8)


@pytest.fixture
def listing(tmp_path: Path) -> str:
    for i, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    (tmp_path / "list.txt").write_text(f"{tmp_path}/0.png 3\n{tmp_path}/1.png 7\n")
    return str(tmp_path / "list.txt")


def test_a_loader_gives_ten_where_it_gave_one(listing: str) -> None:
    mean = np.array([10, 20, 30], np.float32)[:, None, None]
    ten = TenCrops.like(Transform(5, mirror=True, scale=np.float32(0.5), mean=mean))
    feed = Prefetcher(ImageListSource(listing), ImageListLoader(ten, labels=True), 2)
    assert feed.first_shapes() == [(2, 10, 3, 5, 5), (2,)]
    pictures, labels = feed.next().arrays
    assert labels.tolist() == [3, 7]
    for got, pixels in zip(pictures, PIXELS, strict=True):
        planes = (pixels[:, :, ::-1].transpose(2, 0, 1) - mean) * np.float32(0.5)
        five = [planes[:, y : y + 5, x : x + 5] for y, x in [(0, 0), (0, 6), (4, 0), (4, 6), (2, 3)]]
        np.testing.assert_array_equal(got, [*five, *(crop[:, :, ::-1] for crop in five)])
    feed.close()


def test_too_small_an_image(listing: str) -> None:
    feed = Prefetcher(ImageListSource(listing), ImageListLoader(TenCrops.like(Transform(10)), labels=True), 2)
    with pytest.raises(DataError, match="crop_size is 10, but its image is 3 x 9 x 11"):
        feed.first_shapes()
