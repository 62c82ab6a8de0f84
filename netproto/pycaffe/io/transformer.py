"""Transformer: from a picture to a net's input and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...errors import DataError, did_you_mean
from .images import resize_image

Shape = Sequence[int]


class Transformer:
    """What each input of a net wants made of a picture (H, W, K).

    The steps, in their order: resize, transpose, swap channels, multiply by raw_scale, subtract the mean, multiply by input_scale.
    inputs: {input name: blob shape (N, C, H, W)}.
    """

    def __init__(self, inputs: Mapping[str, Shape]):
        self.inputs = inputs
        self.transpose: dict[str, Sequence[int]] = {}
        self.channel_swap: dict[str, Sequence[int]] = {}
        self.raw_scale: dict[str, float] = {}
        self.mean: dict[str, np.ndarray] = {}
        self.input_scale: dict[str, float] = {}

    def preprocess(self, in_: str, data: np.ndarray) -> np.ndarray:
        """The picture as the input wants it, float32 (C, H, W). The picture itself stays as it is."""
        size = tuple(self._shape(in_)[2:])
        made = np.asarray(data, np.float32)
        if made.shape[:2] != size:
            made = resize_image(made, size)
        if in_ in self.transpose:
            made = made.transpose(self.transpose[in_])
        if in_ in self.channel_swap:
            made = made[list(self.channel_swap[in_])]
        if in_ in self.raw_scale:
            made = made * np.float32(self.raw_scale[in_])
        if in_ in self.mean:
            made = (made - self.mean[in_]).astype(np.float32)
        if in_ in self.input_scale:
            made = made * np.float32(self.input_scale[in_])
        return made

    def deprocess(self, in_: str, data: np.ndarray) -> np.ndarray:
        """A net's input (C, H, W), or a batch of one, as the picture that it was made of, in the input's size."""
        self._shape(in_)
        made = np.array(data).squeeze()
        if in_ in self.input_scale:
            made = made / np.float32(self.input_scale[in_])
        if in_ in self.mean:
            made = (made + self.mean[in_]).astype(np.float32)
        if in_ in self.raw_scale:
            made = made / np.float32(self.raw_scale[in_])
        if in_ in self.channel_swap:
            made = made[np.argsort(self.channel_swap[in_])]
        if in_ in self.transpose:
            made = made.transpose(np.argsort(self.transpose[in_]))
        return made

    def set_transpose(self, in_: str, order: Sequence[int]) -> None:
        """The order of the axes: (2, 0, 1) makes (C, H, W) of (H, W, C)."""
        if len(order) != len(self._shape(in_)) - 1:
            raise DataError(f"the order {tuple(order)} is not one of the {len(self._shape(in_)) - 1} axes of an image")
        self.transpose[in_] = order

    def set_channel_swap(self, in_: str, order: Sequence[int]) -> None:
        """The order of the channels, after the axes have been put in order: (2, 1, 0) makes BGR of RGB."""
        if len(order) != self._shape(in_)[1]:
            raise DataError(f"the order {tuple(order)} is not one of the input's {self._shape(in_)[1]} channels")
        self.channel_swap[in_] = order

    def set_raw_scale(self, in_: str, scale: float) -> None:
        """What values are multiplied by before the mean is subtracted: 255 for nets that were trained on 0..255."""
        self._shape(in_)
        self.raw_scale[in_] = scale

    def set_mean(self, in_: str, mean: np.ndarray) -> None:
        """What is subtracted: one value a channel, or an image (C, H, W), which is resized to the input's size if need be."""
        channels, *size = self._shape(in_)[1:]
        mean = np.asarray(mean)
        if mean.ndim == 1:
            mean = mean[:, None, None]
        if mean.ndim == 2:
            mean = mean[None]
        if mean.ndim != 3 or len(mean) not in (1, channels):
            raise DataError(f"the mean has the shape {mean.shape}; the input has {channels} channels of {' x '.join(map(str, size))}")
        if mean.shape[1:] not in ((1, 1), tuple(size)):
            mean = resize_image(mean.transpose(1, 2, 0), size).transpose(2, 0, 1)
        self.mean[in_] = mean

    def set_input_scale(self, in_: str, scale: float) -> None:
        """What values are multiplied by after the mean was subtracted."""
        self._shape(in_)
        self.input_scale[in_] = scale

    def _shape(self, in_: str) -> Shape:
        if in_ not in self.inputs:
            raise DataError(f"the net has no input {in_!r}", hint=did_you_mean(in_, self.inputs) or f"Inputs: {', '.join(self.inputs)}")
        return self.inputs[in_]
