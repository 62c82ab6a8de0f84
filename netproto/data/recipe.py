"""From a picture's file to a net's input, the same way each time: read, resize, crop, mean, scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from . import image
from .transform import Shape3, Transform


@dataclass(frozen=True)
class Recipe:
    """What a net wants made of a picture.

    size: the (height, width) that it is resized to before it is cropped. transform: crop, mean and scale; the mean has the order of the
    net's channels. color: three channels, else one. rgb: they are red, green, blue and not blue, green, red. antialias: shrinking takes
    the mean of what it loses, as Pillow's bilinear filter does; else as OpenCV's, and so Caffe's data layers.
    """

    size: tuple[int, int]
    transform: Transform
    color: bool = True
    rgb: bool = False
    antialias: bool = True

    @property
    def shape(self) -> Shape3:
        """(channels, height, width) of the net's input. Raises DataError if a picture of this size cannot be transformed."""
        return self.transform.out_shape((3 if self.color else 1, *self.size))

    def read(self, path: str) -> np.ndarray:
        """The resized picture in a file: uint8 (channels, height, width). Raises DataError if it cannot be read."""
        pixels = image.read(path, color=self.color)
        resized = antialiased(pixels, *self.size) if self.antialias else image.resize(pixels, *self.size)
        return image.planes(resized[:, :, ::-1] if self.rgb else resized)

    def crops(self, path: str, *, ten: bool = False) -> np.ndarray:
        """The net's input of a picture in a file: float32 (1, channels, height, width); the middle, or corners and middle and their
        mirrors: (10, ...). Raises DataError."""
        planes = np.ascontiguousarray(self.read(path))
        return crops(self.transform, planes, ten=ten)


def crops(transform: Transform, planes: np.ndarray, *, ten: bool) -> np.ndarray:
    """What a transform makes of a picture (channels, height, width) for a net that judges it: float32 (1 or 10, channels, h, w)."""
    windows = transform.ten_windows(planes.shape)
    out = np.empty((10 if ten else 1, *transform.out_shape(planes.shape)), np.float32)
    for made, window in zip(out, windows if ten else windows[4:], strict=False):
        transform.cut(planes, made, *window)
    return out


def antialiased(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """A uint8 image of (H, W, C) in another size, by Pillow's bilinear filter."""
    if pixels.shape[:2] == (height, width):
        return pixels
    channels = [Image.fromarray(np.ascontiguousarray(channel)) for channel in image.planes(pixels)]
    return np.stack([np.asarray(channel.resize((width, height), Image.Resampling.BILINEAR)) for channel in channels], axis=2)
