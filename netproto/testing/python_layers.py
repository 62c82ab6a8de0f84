"""Layers as a user writes them, for the rows of the Python layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..host_blob import HostBlob
from ..layers.python import UserLayer

Blobs = Sequence[HostBlob]


class Affine(UserLayer):
    """y = a x + b, a from param_str, b learned."""

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.factor = float(self.param_str)
        self.blobs.add_blob(bottom[0].channels, 1)
        self.offset = self.blobs[0]
        self.offset.data[...] = 3

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].data[...] = self.factor * bottom[0].data + self.offset.data

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        self.blobs[0].diff[...] += top[0].diff.reshape(bottom[0].num, bottom[0].channels, -1).sum(axis=(0, 2))[:, None]
        if propagate_down[0]:
            bottom[0].diff[...] = self.factor * top[0].diff


class Loss(UserLayer):
    """Half the mean squared distance, as in pycaffe's example."""

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(1)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        self.diff = np.zeros_like(bottom[0].data, dtype=bottom[0].data.dtype)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.diff[...] = bottom[0].data - bottom[1].data
        top[0].data[...] = np.sum(self.diff**2) / bottom[0].num / 2.0

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for i, sign in enumerate((1, -1)):
            if propagate_down[i]:
                bottom[i].diff[...] = sign * top[0].diff[0] * self.diff / bottom[i].num
