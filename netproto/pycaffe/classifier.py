"""Classifier: class probabilities of pictures. Caffe: python/caffe/classifier.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..layers.base import TEST
from . import io
from .net import Net, Path


class Classifier(Net):
    """A net that classifies pictures.

    image_dims: (height, width) that pictures are resized to before crops of the net's input size are taken; that size itself if None.
    mean, input_scale, raw_scale, channel_swap: as in io.Transformer.
    """

    def __init__(
        self,
        model_file: Path,
        pretrained_file: Path,
        image_dims: Sequence[int] | None = None,
        mean: np.ndarray | None = None,
        input_scale: float | None = None,
        raw_scale: float | None = None,
        channel_swap: Sequence[int] | None = None,
    ):
        super().__init__(model_file, TEST, weights=pretrained_file)
        self.transformer = transformer_for(self, mean, input_scale, raw_scale, channel_swap)
        self.crop_dims = np.array(self.blobs[self.inputs[0]].shape[2:])
        self.image_dims: Any = self.crop_dims if image_dims is None or not len(image_dims) else image_dims

    def predict(self, inputs: Sequence[np.ndarray], oversample: bool = True) -> np.ndarray:
        """(N, classes): the net's first output for N pictures (H, W, K).

        oversample: the mean over ten crops, the corners, the centre and their mirrors; else the centre alone.
        """
        pictures = np.stack([io.resize_image(picture, self.image_dims) for picture in inputs])
        crops = io.oversample(pictures, self.crop_dims) if oversample else self._centres(pictures)
        data = np.stack([self.transformer.preprocess(self.inputs[0], crop) for crop in crops])
        predictions = self.forward_all(None, **{self.inputs[0]: data})[self.outputs[0]]
        return predictions.reshape(len(pictures), 10, -1).mean(1) if oversample else predictions

    def _centres(self, pictures: np.ndarray) -> np.ndarray:
        height, width = self.crop_dims
        y, x = (pictures.shape[1] - height) // 2, (pictures.shape[2] - width) // 2
        return pictures[:, y : y + height, x : x + width]


def transformer_for(
    net: Net, mean: np.ndarray | None, input_scale: float | None, raw_scale: float | None, channel_swap: Sequence[int] | None
) -> io.Transformer:
    """What a net's first input wants made of pictures (H, W, K)."""
    name = net.inputs[0]
    transformer = io.Transformer({name: net.blobs[name].shape})
    transformer.set_transpose(name, (2, 0, 1))
    if mean is not None:
        transformer.set_mean(name, mean)
    if input_scale is not None:
        transformer.set_input_scale(name, input_scale)
    if raw_scale is not None:
        transformer.set_raw_scale(name, raw_scale)
    if channel_swap is not None:
        transformer.set_channel_swap(name, channel_swap)
    return transformer
