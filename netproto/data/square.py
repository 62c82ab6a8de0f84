"""Square pictures: the middle of a picture whose shorter side was brought to a length. Caffe: tools/extra/resize_and_crop_images.py."""

from __future__ import annotations

import numpy as np
from PIL import Image

from . import image


def square(pixels: np.ndarray, side: int) -> np.ndarray:
    """The middle side x side of a uint8 image (H, W, C) whose shorter side was resized to `side`, by OpenCV's INTER_LINEAR."""
    height, width = pixels.shape[:2]
    if height > width:
        height, width = side * height // width, side
    else:
        height, width = side, side * width // height
    top, left = (height - side) // 2, (width - side) // 2
    return image.resize(pixels, height, width)[top : top + side, left : left + side]


def antialiased_square(picture: Image.Image, side: int) -> Image.Image:
    """The middle square of a picture, shrunk to side x side with antialiasing; a smaller one is not enlarged.

    Caffe makes the squares of wide pictures smaller than asked for: it looks at twice their height.
    """
    factor = 1
    while min(picture.size) / factor > 2 * side:
        factor *= 2
    picture = picture.convert("RGB")
    if factor > 1:
        picture.thumbnail((picture.width // factor, picture.height // factor), Image.Resampling.NEAREST)
    width, height = picture.size
    if height > width:
        box = 0, int(height / 2 - width / 2), width, int(height / 2 + width / 2)
    else:
        box = int(width / 2 - height / 2), 0, int(width / 2 + height / 2), height
    picture = picture.crop(box)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return picture
