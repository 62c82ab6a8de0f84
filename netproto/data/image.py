"""Image files to arrays, as OpenCV's imread and imdecode give them to Caffe: uint8, (height, width, channels), BGR.

Caffe: ReadImageToCVMat and DecodeDatumToCVMat of src/caffe/util/io.cpp.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from functools import lru_cache

import numpy as np
from PIL import Image, ImageOps

from ..errors import DataError, Place

BROKEN = (
    *(Image.DecompressionBombError, struct.error, zlib.error),
    *(ArithmeticError, EOFError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError),
)
"""What Pillow raises for damaged files."""
DEEP_GRAY = ("I;16", "I;16L", "I;16B", "I")
GRAY_WEIGHTS = (9797, 19234, 3737)
"""Red, green and blue in a gray level, in units of 1 / 32768: libpng's, as OpenCV sets it up; the level is rounded down."""
ONE = 2048
"""OpenCV's fixed-point 1 for the weights of a resize."""


def decode(content: memoryview | bytes, *, color: bool | None) -> np.ndarray:
    """The image in a JPEG, PNG or other file's bytes. color: True for 3 channels, False for 1, None for what the file has, alpha too.

    Raises DataError if it cannot be decoded.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return _as_array(picture, color)
    except BROKEN as error:
        raise DataError(f"holds an image that cannot be decoded: {error}") from error


def read(path: str, *, color: bool) -> np.ndarray:
    """The image in a file. Raises DataError with the path if it is missing or cannot be decoded."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except (OSError, ValueError) as error:
        hint = "" if os.path.isabs(path) else f"Paths are relative to {os.getcwd()}, or to root_folder"
        raise DataError(f"image cannot be read: {getattr(error, 'strerror', None) or error}", place=Place(path), hint=hint) from error
    try:
        return decode(content, color=color)
    except DataError as error:
        raise DataError(error.what, place=Place(path)) from error


def size(content: memoryview | bytes, *, color: bool | None) -> tuple[int, int, int]:
    """(height, width, channels) that `decode` gives; the values are not decoded. Raises DataError."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            channels = 3 if color else 1 if color is False else len(_kept_mode(picture))
            width, height = picture.size
            turned = color is not None and _orientation(picture) >= 5
            return (width, height, channels) if turned else (height, width, channels)
    except BROKEN as error:
        raise DataError(f"holds an image that cannot be decoded: {error}") from error


def planes(image: np.ndarray) -> np.ndarray:
    """(height, width, channels) -> a view of (channels, height, width)."""
    return image.transpose(2, 0, 1)


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """A uint8 image of (H, W, C) in another size, by OpenCV's INTER_LINEAR: no antialiasing when it shrinks."""
    old_height, old_width, channels = image.shape
    if (old_height, old_width) == (height, width):
        return image
    if (old_height, old_width) == (2 * height, 2 * width):
        return _halved(image)
    from ..ops.cpu_kernels.transform import resize_linear

    out = np.empty((height, width, channels), np.uint8)
    lines = np.empty((2, width * channels), np.int32)
    columns, column_weights = _neighbours(old_width, width, stay_inside=True)
    rows, row_weights = _neighbours(old_height, height, stay_inside=False)
    resize_linear(image, out, columns, column_weights, rows, row_weights, *lines)
    return out


def _halved(image: np.ndarray) -> np.ndarray:
    """OpenCV takes the mean of 2 x 2 pixels where both sides are halved exactly."""
    wide = image.astype(np.uint16)
    return ((wide[::2, ::2] + wide[::2, 1::2] + wide[1::2, ::2] + wide[1::2, 1::2] + 2) >> 2).astype(np.uint8)


@lru_cache(maxsize=256)
def _neighbours(old: int, new: int, *, stay_inside: bool) -> tuple[np.ndarray, np.ndarray]:
    """For each of `new` places along an axis: its two neighbours among the old ones, (new, 2), and their weights in units of 1 / 2048.

    stay_inside: give all weight to the last place where a neighbour would lie outside; else that place is its own neighbour.
    """
    center = ((np.arange(new) + 0.5) * (1 / (new / old)) - 0.5).astype(np.float32)
    first = np.floor(center).astype(np.int64)
    fraction = center - first.astype(np.float32)
    if stay_inside:
        fraction[(first < 0) | (first >= old - 1)] = 0
    neighbours = np.clip(np.stack([first, first + 1], axis=1), 0, old - 1)
    weights = np.rint(np.stack([np.float32(1) - fraction, fraction], axis=1) * np.float32(ONE)).astype(np.int32)
    return neighbours, weights


def _as_array(picture: Image.Image, color: bool | None) -> np.ndarray:
    if color is False and picture.format == "JPEG":
        picture.draft("L", picture.size)
    orientation = 1 if color is None else _orientation(picture)
    if orientation != 1:
        picture = ImageOps.exif_transpose(picture)
    if picture.mode in DEEP_GRAY:
        levels = _high_byte(picture, color)
        return levels if color is not True else np.repeat(levels, 3, axis=2)
    if color is False:
        return _gray(picture)
    mode = "RGB" if color else _kept_mode(picture)
    values = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    if mode == "L":
        return values[:, :, None]
    return values[:, :, ::-1] if mode == "RGB" else values[:, :, [2, 1, 0, 3]]


def _kept_mode(picture: Image.Image) -> str:
    """The mode that keeps a picture as OpenCV does where no colour is forced: gray, colour, or colour with alpha."""
    if picture.mode in ("1", "L", *DEEP_GRAY) and "transparency" not in picture.info:
        return "L"
    return "RGBA" if picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info else "RGB"


def _high_byte(picture: Image.Image, color: bool | None) -> np.ndarray:
    if color is None:
        raise ValueError("it has 16 bits a channel, and Caffe takes 8; force_color or force_gray converts it")
    return (np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)[:, :, None]


def _gray(picture: Image.Image) -> np.ndarray:
    if picture.mode in ("1", "L", "LA"):
        return np.asarray(picture.convert("L"))[:, :, None]
    channels = np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB")).astype(np.uint32)
    red, green, blue = GRAY_WEIGHTS
    return ((channels[..., :1] * red + channels[..., 1:2] * green + channels[..., 2:] * blue) >> 15).astype(np.uint8)


def _orientation(picture: Image.Image) -> int:
    """How the camera was held, by EXIF: 1 upright, 5 to 8 on its side."""
    if picture.format != "JPEG" or "exif" not in picture.info:
        return 1
    return int(picture.getexif().get(0x0112, 1))
