"""Squares cut out of pictures."""

import numpy as np
import pytest
from PIL import Image

from netproto.data import image
from netproto.data.square import antialiased_square, square

GENERATOR = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("height", "width", "resized", "corner"), [(20, 33, (10, 16), (0, 3)), (33, 20, (16, 10), (3, 0)), (20, 20, (10, 10), (0, 0))]
)
def test_the_middle_of_the_resized_picture(height: int, width: int, resized: tuple[int, int], corner: tuple[int, int]) -> None:
    pixels = GENERATOR.integers(0, 256, (height, width, 3), np.uint8)
    top, left = corner
    wanted = image.resize(pixels, *resized)[top : top + 10, left : left + 10]
    np.testing.assert_array_equal(square(pixels, 10), wanted)


def test_a_small_picture_is_enlarged() -> None:
    assert square(GENERATOR.integers(0, 256, (3, 5, 3), np.uint8), 10).shape == (10, 10, 3)


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (64, 64), (1000, 40)])
def test_antialiased_squares_show_the_middle(size: tuple[int, int]) -> None:
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    picture = Image.fromarray(
        (255 * (abs(x - width / 2 + 0.5) < min(size) / 2) * (abs(y - height / 2 + 0.5) < min(size) / 2)).astype(np.uint8)
    )
    made = antialiased_square(picture, 32)
    assert made.size == (32, 32)
    assert np.asarray(made).min() > 240


def test_antialiased_squares_are_not_enlarged() -> None:
    assert antialiased_square(Image.new("L", (20, 7)), 32).size == (7, 7)
