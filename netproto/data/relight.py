"""Relighting: colours changed along their principal components, as AlexNet's authors did to training images. No Caffe has it.

To each pixel [p1 p2 p3] [a1 l1, a2 l2, a3 l3]^T is added: p the eigenvectors and l the eigenvalues of the covariance of the pixels'
channels, their levels counted from 0 to 1; a drawn for each image, each time it is used. Counted from 0 to 255, the eigenvalues would be
65,025 times as large, and the sum would leave nothing of the image.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import cos, log, pi, sin, sqrt
from typing import Any

import numpy as np

from ..errors import DataError, Place
from ..formats import mean as mean_files
from .draws import subkey, words

LEVELS = 255
"""The highest level of a pixel."""
MOST_CHANNELS = 4
WORD = 1 << 32


@dataclass(frozen=True)
class Relight:
    """components: float32 (channels, channels); column i is eigenvector times eigenvalue, in levels of 0 to 255. std: of the draws."""

    components: np.ndarray
    std: float

    @classmethod
    def of(cls, param: Any) -> Relight | None:
        """From a TransformationParameter; None where it asks for none. Raises DataError or FormatError for the file."""
        if not param.pca_file:
            return None
        stored = mean_files.load(param.pca_file)
        if stored.shape != (len(stored), len(stored), 1) or len(stored) > MOST_CHANNELS:
            what = f"holds {' x '.join(map(str, stored.shape))} numbers, not the principal components of colours"
            raise DataError(what, place=Place(os.fspath(param.pca_file)), hint="compute-image-mean --pca makes them")
        return cls(stored[:, :, 0], float(param.pca_std))

    def shift(self, channels: int, key: int, ordinal: int) -> np.ndarray:
        """What is added to each channel of an image, (channels, 1, 1); it depends on key and ordinal alone. Raises DataError."""
        if channels != len(self.components):
            raise DataError(f"its image has {channels} channels, but pca_file has the components of {len(self.components)}")
        draws = np.array(normal(words(subkey(key, "relight"), ordinal))[:channels], np.float32)
        return (self.components @ (np.float32(self.std) * draws))[:, None, None]


def normal(uniform: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    """Four draws of a standard normal distribution from four 32-bit words (Box and Muller 1958)."""
    first, second = ((sqrt(-2 * log((a + 1) / WORD)), 2 * pi * b / WORD) for a, b in (uniform[:2], uniform[2:]))
    return first[0] * cos(first[1]), first[0] * sin(first[1]), second[0] * cos(second[1]), second[0] * sin(second[1])


class ColorSum:
    """The principal components of the pixels of images, summed in float64."""

    def __init__(self) -> None:
        self.count = 0
        self._sum: np.ndarray | None = None
        self._products: np.ndarray | None = None

    def add(self, image: np.ndarray) -> None:
        """Add an image of (channels, height, width). Raises ValueError if it has other channels than the first, or too many."""
        pixels = image.reshape(len(image), -1) / np.float64(LEVELS)
        if self._sum is None or self._products is None:
            if len(image) > MOST_CHANNELS:
                raise ValueError(f"it has {len(image)} channels; {MOST_CHANNELS} at most")
            self._sum, self._products = np.zeros(len(image)), np.zeros((len(image), len(image)))
        if len(image) != len(self._sum):
            raise ValueError(f"it has {len(image)} channels, the first image {len(self._sum)}")
        self._sum += pixels.sum(axis=1)
        self._products += pixels @ pixels.T
        self.count += pixels.shape[1]

    def components(self) -> tuple[np.ndarray, np.ndarray]:
        """(eigenvalues, eigenvectors as columns) of the covariance, the largest first; the largest entry of each vector is positive."""
        if self._sum is None or self._products is None:
            raise ValueError("the components of no images")
        mean = self._sum / self.count
        values, vectors = np.linalg.eigh(self._products / self.count - np.outer(mean, mean))
        values, vectors = values[::-1], vectors[:, ::-1]
        largest = np.abs(vectors).argmax(axis=0)
        return values, vectors * np.sign(vectors[largest, np.arange(len(values))])


def save(path: str, values: np.ndarray, vectors: np.ndarray) -> None:
    """Write what `Relight.of` reads: .binaryproto, or .npy."""
    mean_files.save(path, (LEVELS * vectors * values)[:, :, None])
