"""Pictures as nets want them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netproto.data import image
from netproto.data.recipe import Recipe, crops
from netproto.data.transform import Transform
from netproto.errors import DataError

GENERATOR = np.random.default_rng(3)
PIXELS = GENERATOR.integers(0, 256, (24, 30, 3), np.uint8)
MEAN = np.array([10, 20, 30], np.float32)[:, None, None]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A picture of PIXELS, which are in RGB."""
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    return str(tmp_path / "a.png")


def test_it_resizes_as_pillow_does_then_crops_the_middle(path: str) -> None:
    got = Recipe((12, 11), Transform(7, scale=np.float32(0.5), mean=MEAN)).crops(path)
    resized = np.asarray(Image.fromarray(PIXELS).resize((11, 12), Image.Resampling.BILINEAR))
    bgr = resized[2:9, 2:9, ::-1].transpose(2, 0, 1).astype(np.float32)
    np.testing.assert_array_equal(got, ((bgr - MEAN) * 0.5)[None])


def test_it_resizes_as_opencv_does(path: str) -> None:
    got = Recipe((12, 11), Transform(), antialias=False, rgb=True).crops(path)
    np.testing.assert_array_equal(got[0], image.resize(PIXELS, 12, 11).transpose(2, 0, 1))
    assert Recipe((12, 11), Transform(5)).shape == (3, 5, 5)


def test_gray(path: str) -> None:
    recipe = Recipe((24, 30), Transform(), color=False)
    assert recipe.shape == (1, 24, 30)
    np.testing.assert_array_equal(recipe.read(path), image.read(path, color=False).transpose(2, 0, 1))


def test_ten_crops() -> None:
    planes = PIXELS.transpose(2, 0, 1)
    mean = GENERATOR.random((3, 24, 30), np.float32)
    got = crops(Transform(7, mean=mean, mean_source="mean"), planes, ten=True)
    windows = [(0, 0), (0, 23), (17, 0), (17, 23), (8, 11)]
    wanted = [(planes.astype(np.float32) - mean)[:, y : y + 7, x : x + 7] for y, x in windows]
    np.testing.assert_array_equal(got, [*wanted, *(crop[:, :, ::-1] for crop in wanted)])
    np.testing.assert_array_equal(crops(Transform(7, mean=mean, mean_source="mean"), planes, ten=False), wanted[4:])


def test_without_a_crop_ten_are_two() -> None:
    got = crops(Transform(), PIXELS.transpose(2, 0, 1), ten=True)
    np.testing.assert_array_equal(got[:5], np.broadcast_to(PIXELS.transpose(2, 0, 1), (5, 3, 24, 30)))
    np.testing.assert_array_equal(got[5:], got[:5, :, :, ::-1])


def test_what_does_not_fit(path: str) -> None:
    with pytest.raises(DataError, match="crop_size is 13, but its image is 3 x 12 x 11"):
        Recipe((12, 11), Transform(13)).crops(path)
