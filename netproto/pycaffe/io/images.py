"""Pictures as float arrays (height, width, channels): loading, resizing, crops."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from PIL import Image

from ...data.image import BROKEN, DEEP_GRAY
from ...errors import DataError, Place
from .resize import corner_aligned, pixel_centred

LUMINANCE = (0.2125, 0.7154, 0.0721)
"""Red, green and blue in a gray level, as scikit-image weighs them."""


def load_image(filename: str | os.PathLike[str], color: bool = True) -> np.ndarray:
    """A picture file as float32 in 0..1: (height, width, 3) in RGB, or (height, width, 1) if not color.

    Alpha is dropped, and a rotation that the camera noted is not applied. Raises DataError if the file cannot be read.
    """
    try:
        with Image.open(filename) as picture:
            levels = _levels(picture)
    except BROKEN as error:
        raise DataError(f"image cannot be read: {getattr(error, 'strerror', None) or error}", place=Place(os.fspath(filename))) from error
    if color and levels.shape[2] == 1:
        return np.repeat(levels, 3, axis=2)
    if not color and levels.shape[2] == 3:
        return (levels.astype(np.float64) @ np.array(LUMINANCE)).astype(np.float32)[:, :, None]
    return levels


def _levels(picture: Image.Image) -> np.ndarray:
    """float32 in 0..1 of one or three channels."""
    if picture.mode in DEEP_GRAY:
        return (np.asarray(picture).astype(np.float32) / np.float32(65535))[:, :, None]
    gray = picture.mode in ("1", "L", "LA")
    values = np.asarray(picture.convert("L" if gray else "RGB")).astype(np.float32) / np.float32(255)
    return values[:, :, None] if gray else values


def resize_image(im: np.ndarray, new_dims: Sequence[int], interp_order: int = 1) -> np.ndarray:
    """(H, W, K) in another height and width, float32.

    interp_order: 0 nearest, 1 linear, 3 cubic. Shrinking does not antialias. As in pycaffe, pictures of 1 or 3 channels are sampled at
    pixel centres, what lies outside them counting as their darkest value; arrays of other depths from corner to corner.
    """
    size = int(new_dims[0]), int(new_dims[1])
    if im.shape[-1] not in (1, 3):
        return corner_aligned(im, size, interp_order).astype(np.float32)
    low, high = float(im.min()), float(im.max())
    if low == high:
        return np.full((*size, im.shape[-1]), low, np.float32)
    return pixel_centred(im, size, interp_order, outside=low).clip(low, high).astype(np.float32)


def oversample(images: Sequence[np.ndarray] | np.ndarray, crop_dims: Sequence[int] | np.ndarray) -> np.ndarray:
    """(10 N, height, width, K) float32: ten crops of each picture (H, W, K), all of one size: corners and centre, then their mirrors."""
    height, width = (int(d) for d in crop_dims)
    full_height, full_width, channels = images[0].shape
    if height > full_height or width > full_width:
        raise DataError(f"crops of {height} x {width} are wanted of pictures of {full_height} x {full_width}")
    bottom, right = full_height - height, full_width - width
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]
    crops = np.empty((len(images), 10, height, width, channels), np.float32)
    for picture, ten in zip(images, crops, strict=True):
        for crop, (y, x) in zip(ten, corners, strict=False):
            crop[...] = picture[y : y + height, x : x + width]
        ten[5:] = ten[:5, :, ::-1]
    return crops.reshape(-1, height, width, channels)
