"""Pictures to arrays, resizing, crops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import netproto.pycaffe as caffe
from netproto.errors import DataError

RNG = np.random.default_rng(5)
SHRUNK = [[3, 7], [6, 5.5]]
GROWN = [
    [0, 3.0625, 6.5625, 6.9125, 2.3625],
    [4.5, 3.25, 5, 7.65, 7.2],
    [5.85, 4.75, 4.25, 6, 8.55],
    [3.15, 6.5625, 4.8125, 3.0625, 5.5125],
]
"""What scikit-image 0.26 gives for PATTERN: resize(..., order=1, mode="constant", anti_aliasing=False) of it scaled to 0..1."""
PATTERN = (np.arange(12, dtype=np.float32).reshape(3, 4, 1) * 5) % 12


def saved(folder: Path, picture: Image.Image, name: str = "p.png") -> str:
    path = str(folder / name)
    picture.save(path)
    return path


def test_colour_is_rgb_in_0_to_1(tmp_path: Path) -> None:
    levels = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    image = caffe.io.load_image(saved(tmp_path, Image.fromarray(levels)))
    assert (image.shape, image.dtype) == ((5, 7, 3), np.float32)
    np.testing.assert_array_equal(image, (levels / 255.0).astype(np.float32))
    image[0, 0, 0] = 2


def test_gray_of_colour_and_colour_of_gray(tmp_path: Path) -> None:
    levels = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    gray = caffe.io.load_image(saved(tmp_path, Image.fromarray(levels)), color=False)
    red, green, blue = np.moveaxis(levels / 255.0, 2, 0)
    np.testing.assert_allclose(gray[..., 0], 0.2125 * red + 0.7154 * green + 0.0721 * blue, rtol=1e-6)
    path = saved(tmp_path, Image.fromarray(levels[..., 0]))
    assert caffe.io.load_image(path, color=False).shape == (5, 7, 1)
    np.testing.assert_array_equal(caffe.io.load_image(path), np.repeat(levels[..., :1] / np.float32(255), 3, 2))


@pytest.mark.parametrize("mode", ["RGBA", "P", "CMYK", "LA", "1"])
def test_other_kinds_of_pictures(tmp_path: Path, mode: str) -> None:
    levels = RNG.integers(0, 2, (5, 7, 3), dtype=np.uint8) * 255
    picture = Image.fromarray(levels).convert(mode)
    image = caffe.io.load_image(saved(tmp_path, picture, "p.tiff" if mode == "CMYK" else "p.png"))
    assert image.shape == (5, 7, 3)
    np.testing.assert_allclose(image, np.asarray(picture.convert("RGB")) / 255.0, atol=1e-6)


def test_sixteen_bits(tmp_path: Path) -> None:
    levels = np.arange(35, dtype=np.uint16).reshape(5, 7) * 1800
    image = caffe.io.load_image(saved(tmp_path, Image.fromarray(levels)), color=False)
    np.testing.assert_allclose(image[..., 0], levels / 65535, rtol=1e-6)


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.png: image cannot be read: No such file"):
        caffe.io.load_image(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("text")
    with pytest.raises(DataError, match=r"text.png: image cannot be read"):
        caffe.io.load_image(tmp_path / "text.png")


def bilinear(image: np.ndarray, height: int, width: int, outside: float) -> np.ndarray:
    """Each new pixel's centre in the old picture, between its four neighbours."""
    out = np.zeros((height, width, image.shape[2]))
    for i in range(height):
        for j in range(width):
            y, x = (i + 0.5) * image.shape[0] / height - 0.5, (j + 0.5) * image.shape[1] / width - 0.5
            top, left = int(np.floor(y)), int(np.floor(x))
            for a, wa in ((top, 1 - (y - top)), (top + 1, y - top)):
                for b, wb in ((left, 1 - (x - left)), (left + 1, x - left)):
                    inside = 0 <= a < image.shape[0] and 0 <= b < image.shape[1]
                    out[i, j] += wa * wb * (image[a, b] if inside else outside)
    return out


@pytest.mark.parametrize("size", [(3, 4), (11, 13), (5, 13), (5, 7), (1, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_resizing_is_bilinear_without_antialiasing(size: tuple[int, int], channels: int) -> None:
    image = RNG.random((5, 7, channels), dtype=np.float32) * 3 - 1
    resized = caffe.io.resize_image(image, size)
    assert resized.dtype == np.float32
    np.testing.assert_allclose(resized, bilinear(image, *size, outside=image.min()), atol=1e-6)


def test_resizing_as_scikit_image_does() -> None:
    np.testing.assert_allclose(caffe.io.resize_image(PATTERN, (2, 2))[..., 0], SHRUNK, atol=1e-6)
    np.testing.assert_allclose(caffe.io.resize_image(PATTERN, (4, 5))[..., 0], GROWN, atol=1e-6)


def test_a_picture_of_one_colour_stays_so() -> None:
    resized = caffe.io.resize_image(np.full((5, 7, 3), 0.25, np.float32), (11, 2))
    assert resized.shape == (11, 2, 3)
    assert (resized == np.float32(0.25)).all()


@pytest.mark.parametrize("size", [(3, 4), (11, 13), (5, 1)])
def test_other_depths_go_from_corner_to_corner(size: tuple[int, int]) -> None:
    image = RNG.random((5, 7, 2), dtype=np.float32)
    rows, columns = np.linspace(0, 4, size[0]), np.linspace(0, 6, size[1])
    wanted = np.stack([[[np.interp(x, range(7), plane[:, k]) for x in columns] for k in range(2)] for plane in image])
    wanted = np.stack([[np.interp(y, range(5), wanted[:, k, j]) for k in range(2)] for y in rows for j in range(size[1])])
    np.testing.assert_allclose(caffe.io.resize_image(image, size).reshape(-1, 2), wanted, atol=1e-6)


def test_other_orders() -> None:
    image = np.arange(35, dtype=np.float32).reshape(5, 7, 1)
    np.testing.assert_array_equal(caffe.io.resize_image(image, (10, 14), 0), image.repeat(2, 0).repeat(2, 1))
    inner = caffe.io.resize_image(image, (10, 14), 3)[4:6, 4:10, 0]  # cubic interpolation keeps straight lines, away from the edges
    np.testing.assert_allclose(inner, bilinear(image, 10, 14, 0)[4:6, 4:10, 0], atol=1e-5)
    np.testing.assert_array_equal(caffe.io.resize_image(image, (5, 7), 3), image)
    with pytest.raises(DataError, match="no interpolation of the order 2"):
        caffe.io.resize_image(image, (3, 3), 2)


def test_ten_crops() -> None:
    images = RNG.random((2, 6, 9, 3), dtype=np.float32)
    crops = caffe.io.oversample(images, (3, 5)).reshape(2, 10, 3, 5, 3)
    for image, ten in zip(images, crops, strict=True):
        for crop, (y, x) in zip(ten, [(0, 0), (0, 4), (3, 0), (3, 4), (1, 2)], strict=False):
            np.testing.assert_array_equal(crop, image[y : y + 3, x : x + 5])
        np.testing.assert_array_equal(ten[5:], ten[:5, :, ::-1])
    with pytest.raises(DataError, match="crops of 7 x 5 are wanted of pictures of 6 x 9"):
        caffe.io.oversample(images, np.array([7, 5]))
