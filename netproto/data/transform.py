"""Caffe's DataTransformer: crop, mirror, mean and scale, in its order.

Caffe: src/caffe/data_transformer.cpp. value = (pixel - mean) * scale with the mean of the pixel's place in the image before it is cropped.
The window is random in phase TRAIN and in the middle in TEST; `mirror` is a coin toss in both.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import DataError
from ..formats import mean as mean_files
from .draws import below, subkey, words
from .relight import Relight
from .resize import RandomResize, resized_planes

Shape3 = tuple[int, ...]
NO_MEAN = np.zeros((0, 0, 0), np.float32)
WITH_BOXES = ("resize_param", "distort_param", "expand_param", "emit_constraint")
"""What SSD's fork does to images with boxes."""
WITH_SEGMENTS = ("scale_factors", "crop_height", "crop_width")
"""What PSPNet's does to images with a label for each pixel."""


@dataclass(frozen=True, slots=True)
class Transform:
    """What a transform_param asks for.

    mean: float32, empty for none, (1 or channels, 1, 1) for mean_value, (channels, height, width) for mean_file. mean_source: its file.
    train: whether windows are drawn at random. resize: NVIDIA's; the mean is then the middle of the mean image, wherever the window is.
    relight: how colours are changed, None for not at all.
    """

    crop_size: int = 0
    mirror: bool = False
    scale: np.float32 = field(default_factory=lambda: np.float32(1))
    mean: np.ndarray = field(default_factory=lambda: NO_MEAN)
    mean_source: str = ""
    force_color: bool = False
    force_gray: bool = False
    train: bool = False
    resize: RandomResize | None = None
    relight: Relight | None = None

    @classmethod
    def of(cls, param: Any, *, train: bool, with_boxes: bool = False, segmented: bool = False, frames: int = 0) -> Transform:
        """From a TransformationParameter; reads its mean file. Raises DataError for what contradicts itself, FormatError for the file.

        with_boxes, segmented: whether another obeys what forks do to images with boxes, to images with labels of their pixels.
        frames: of clips, whose frames take the place of channels: all those of the first channel, all of the second, ...
        """
        if param.mean_file and len(param.mean_value):
            raise DataError("both mean_file and mean_value are written", hint="Keep one of them")
        if param.force_color and param.force_gray:
            raise DataError("both force_color and force_gray are written", hint="Keep one of them")
        written = {field.name for field, _ in param.ListFields()}
        for name in [name for name in WITH_BOXES if name in written and not with_boxes]:
            raise DataError(f"{name} is for images with boxes, and this layer does not obey it", hint="AnnotatedData does")
        for name in [name for name in WITH_SEGMENTS if name in written and not segmented]:
            raise DataError(f"{name} is for images with a label for each pixel, and this layer does not obey it", hint="ImageSegData does")
        mean = _clip_mean(param, frames) if frames else _mean(param)
        colors = param.force_color, param.force_gray
        relight = Relight.of(param) if train else None
        resize = RandomResize.of(param)
        if resize and with_boxes:
            raise DataError("images with boxes do not obey img_rand_resize and the like", hint="resize_param sets their size")
        if resize and segmented:
            raise DataError("images with a label for each pixel do not obey img_rand_resize and the like", hint="scale_factors do as much")
        if resize and min(mean.shape[1:]) > 1:
            mean = _middle(mean, int(param.crop_size), param.mean_file)
        return cls(int(param.crop_size), param.mirror, np.float32(param.scale), mean, param.mean_file, *colors, train, resize, relight)

    def out_shape(self, shape: Shape3) -> Shape3:
        """(channels, height, width) of what is made of an image of this shape. Raises DataError if it cannot be."""
        if self.resize:
            return shape[0], self.crop_size, self.crop_size
        self._check(shape)
        return (shape[0], self.crop_size, self.crop_size) if self.crop_size else tuple(shape)

    def apply(self, image: np.ndarray, out: np.ndarray, *, key: int, ordinal: int) -> None:
        """out = the transformed image of (channels, height, width), uint8 or float32; what is drawn depends on key and ordinal alone.

        Raises DataError if the image does not fit its batch, the mean or the crop.
        """
        if self.resize:
            image = resized_planes(self.resize, image, words(subkey(key, "resize"), ordinal))
        top, left, flip = self.window(image.shape, key, ordinal)
        shift = self.relight.shift(image.shape[0], key, ordinal) if self.relight else None
        self.cut(image, out, top, left, flip, shift)

    @property
    def is_plain(self) -> bool:
        """Whether it is no more than Caffe's own: a window, mirrored or not, of an image as it is, less the mean, times the scale."""
        return type(self) is Transform and self.resize is None and self.relight is None

    def lay_out(self, image: np.ndarray, pixels: np.ndarray, window: np.ndarray, *, key: int, ordinal: int) -> None:
        """pixels (C, H, W) = the image, window = (top, left, whether it is mirrored): all that another needs to do what `apply` does.

        An image of another size than the first of its batch has its window laid out alone. For uint8 and plain transforms; raises DataError
        as `apply` does, and for an image of other values.
        """
        out = self.out_shape(pixels.shape)
        self._fit(image.shape, out)
        if image.dtype != np.uint8:
            raise DataError("its image holds floats, the first of its batch bytes", hint="Make all records of one kind")
        top, left, flip = self.window(image.shape, key, ordinal)
        if image.shape != pixels.shape:
            image, top, left = image[:, top : top + out[1], left : left + out[2]], 0, 0
        pixels[:, : image.shape[1], : image.shape[2]] = image
        window[...] = top, left, flip

    def mean_of(self, channels: int) -> np.ndarray:
        """The mean for images of so many channels: (channels, 1, 1), that of a file, or empty for none."""
        if self.mean.shape[0] == 1 and self.mean.shape[1:] == (1, 1) and channels > 1:
            return np.repeat(self.mean, channels, axis=0)
        return self.mean

    def cut(self, image: np.ndarray, out: np.ndarray, top: int, left: int, flip: bool, shift: np.ndarray | None = None) -> None:
        """out = the transformed window of the image that begins at (top, left), mirrored if `flip`. Raises DataError as `apply` does.

        shift: (channels, 1, 1), added to the image.
        """
        from ..ops.cpu_kernels.transform import transform

        self._fit(image.shape, out.shape)
        if self.resize:
            image = image[:, top : top + self.crop_size, left : left + self.crop_size]
            top = left = 0
        mean = self.mean_of(image.shape[0])
        if shift is not None:
            mean = mean - shift if mean.size else -shift
        transform(image, mean, out, top, left, flip, self.scale)

    def window(self, shape: Shape3, key: int, ordinal: int) -> tuple[int, int, bool]:
        """(top, left, whether it is mirrored) of the window of an image."""
        random_window = self.train and self.crop_size > 0
        draw = words(key, ordinal) if random_window or self.mirror else (0, 0, 0, 0)
        flip = self.mirror and below(draw[0], 2) == 1
        if not self.crop_size:
            return 0, 0, flip
        spare = shape[1] - self.crop_size, shape[2] - self.crop_size
        if random_window:
            return below(draw[1], spare[0] + 1), below(draw[2], spare[1] + 1), flip
        return spare[0] // 2, spare[1] // 2, flip

    def ten_windows(self, shape: Shape3) -> list[tuple[int, int, bool]]:
        """(top, left, whether it is mirrored) of the ten crops by which a picture is judged: corners and centre, then their mirrors."""
        down, right = (shape[1] - self.crop_size, shape[2] - self.crop_size) if self.crop_size else (0, 0)
        corners = [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]
        return [(top, left, flip) for flip in (False, True) for top, left in corners]

    def _fit(self, shape: Shape3, out: Shape3) -> None:
        """Raise DataError unless an image of a shape gives what its batch has room for."""
        if self.out_shape(shape) != out:
            raise DataError(
                f"its image gives {times(self.out_shape(shape))}, the first of its batch {times(out)}",
                hint="Bring all images to one size, set crop_size, or batch_size: 1",
            )

    def _check(self, shape: Shape3) -> None:
        if self.crop_size > min(shape[1:]):
            raise DataError(f"crop_size is {self.crop_size}, but its image is {times(shape)} (channels x height x width)")
        if self.mean_source and self.mean.shape != shape and self.mean.shape != (shape[0], 1, 1):
            raise DataError(
                f"its image is {times(shape)}, but mean_file {os.fspath(self.mean_source)!r} is {times(self.mean.shape)}",
                hint="Make the mean of these images before they are cropped: netproto compute-image-mean",
            )
        if not self.mean_source and self.mean.shape[0] not in (0, 1, shape[0]):
            what = f"its image has {shape[0]} channels, but there are {self.mean.shape[0]} mean_value"
            raise DataError(what, hint="Write one, or one a channel")


def times(shape: Shape3) -> str:
    """3 x 36 x 40."""
    return " x ".join(map(str, shape))


def _mean(param: Any) -> np.ndarray:
    if param.mean_file:
        return mean_files.load(param.mean_file)
    return np.array(param.mean_value, np.float32)[:, None, None] if len(param.mean_value) else NO_MEAN


def _clip_mean(param: Any, frames: int) -> np.ndarray:
    """The mean of each frame of each channel, or the one of all."""
    if param.mean_file:
        mean = mean_files.load_clip(param.mean_file)
        return mean.reshape(-1, *mean.shape[2:])
    mean = _mean(param)
    return np.repeat(mean, frames, axis=0) if len(mean) > 1 else mean


def _middle(mean: np.ndarray, side: int, file: str) -> np.ndarray:
    """The square in the middle of a mean image."""
    if side > min(mean.shape[1:]):
        raise DataError(f"crop_size is {side}, but mean_file {os.fspath(file)!r} is {times(mean.shape)}")
    top, left = ((extent - side) // 2 for extent in mean.shape[1:])
    return np.ascontiguousarray(mean[:, top : top + side, left : left + side])
