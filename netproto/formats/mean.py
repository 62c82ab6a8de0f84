"""Mean images: .binaryproto, the BlobProto that compute_image_mean makes, and .npy.

Caffe: tools/compute_image_mean.cpp; DataTransformer of src/caffe/data_transformer.cpp reads them.
"""

from __future__ import annotations

import os

import numpy as np

from ..errors import FormatError, Place
from . import archive, blobproto, files
from .wire import Reader, WireError, write

NUMPY_MAGIC = b"\x93NUMPY"


def load(path: str | os.PathLike[str]) -> np.ndarray:
    """The mean as float32 (channels, height, width), or (channels, 1, 1) from a .npy with one value a channel. Raises FormatError."""
    mean = _without_ones(_read(path), 3)
    if mean.ndim == 1:
        mean = mean[:, None, None]
    if mean.ndim != 3 or mean.size == 0:
        raise FormatError(f"holds an array of the shape {mean.shape}, not (channels, height, width)", place=Place(os.fspath(path)))
    return np.array(mean, np.float32, order="C")


def load_clip(path: str | os.PathLike[str]) -> np.ndarray:
    """The mean of clips as float32 (channels, frames, height, width), as C3D's tool makes it. Raises FormatError."""
    mean = _without_ones(_read(path), 4)
    if mean.ndim != 4 or mean.size == 0:
        raise FormatError(f"holds an array of the shape {mean.shape}, not (channels, frames, height, width)", place=Place(os.fspath(path)))
    return np.array(mean, np.float32, order="C")


def save(path: str | os.PathLike[str], mean: np.ndarray) -> None:
    """Write a mean of (channels, height, width): .npy, or else as Caffe's tool does, with legacy dims; whole or not at all."""
    values = np.ascontiguousarray(mean, np.float32)
    if os.path.splitext(path)[1].lower() == ".npy":
        with files.writing(path) as file:
            np.lib.format.write_array(file, values, allow_pickle=False)
        return
    with files.writing(path) as file:
        write(file, blobproto.pieces(values[None], legacy=True))


class MeanSum:
    """The mean of equally shaped images, summed in float32 as Caffe's tool does, so that the same images give the same file."""

    def __init__(self) -> None:
        self.count = 0
        self._sum: np.ndarray | None = None

    def add(self, image: np.ndarray) -> None:
        """Add an image of (channels, height, width). Raises ValueError if its shape is not that of the first."""
        if self._sum is None:
            self._sum = np.zeros(image.shape, np.float32)
        if image.shape != self._sum.shape:
            raise ValueError(f"its shape is {image.shape}, that of the first image {self._sum.shape}")
        self._sum += image
        self.count += 1

    def mean(self) -> np.ndarray:
        """The mean so far, float32."""
        if self._sum is None:
            raise ValueError("the mean of no images")
        return self._sum / np.float32(self.count)


def _read(path: str | os.PathLike[str]) -> np.ndarray:
    if files.beginning(path).startswith(NUMPY_MAGIC):
        return _load_npy(path)
    try:
        return blobproto.read(Reader(files.view(path)))
    except WireError as error:
        place = Place(os.fspath(path))
        raise FormatError(f"is no mean file, or a broken one: {error}", place=place, hint="compute-image-mean makes one") from error


def _without_ones(mean: np.ndarray, axes: int) -> np.ndarray:
    """The array without the axes of one element that it has in front of the last so many."""
    while mean.ndim > axes and mean.shape[0] == 1:
        mean = mean[0]
    return mean


def _load_npy(path: str | os.PathLike[str]) -> np.ndarray:
    try:
        values: np.ndarray = np.load(path, allow_pickle=False)
        return values.astype(np.float32)
    except archive.BROKEN as error:
        raise FormatError(f"is no .npy, or a broken one: {error}", place=Place(os.fspath(path))) from error
