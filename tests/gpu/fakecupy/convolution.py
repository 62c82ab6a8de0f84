"""Convolutions by NumPy, a tap of the window at a time, for the fake of cuDNN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

Axes = Sequence[int]


@dataclass(frozen=True)
class Window:
    """One number for each axis of the images. x (N, C, *spatial), w (K, C / groups, *kernel), y (N, K, *out)."""

    padding: Axes
    stride: Axes
    dilation: Axes

    def top(self, x: Axes, w: Axes) -> list[int]:
        """The shape of y."""
        axes = zip(x[2:], w[2:], self.padding, self.stride, self.dilation, strict=True)
        return [x[0], w[0], *((size + 2 * p - d * (k - 1) - 1) // s + 1 for size, k, p, s, d in axes)]

    def forward(self, x: np.ndarray, w: np.ndarray, y: Axes) -> np.ndarray:
        self._check(x.shape, w.shape, y)
        image, groups = self._padded(x), x.shape[1] // w.shape[1]
        sums = np.zeros((len(x), groups, w.shape[0] // groups, prod(y[2:])))
        for tap, part in self._taps(w.shape, y):
            sums += np.einsum("gkc,ngcp->ngkp", _by_group(w[(..., *tap)], groups), _places(image[(..., *part)], groups))
        return sums.reshape(y)

    def data_gradient(self, dy: np.ndarray, w: np.ndarray, dx: Axes) -> np.ndarray:
        self._check(dx, w.shape, dy.shape)
        image, groups = self._padded(np.zeros(dx)), dx[1] // w.shape[1]
        for tap, part in self._taps(w.shape, dy.shape):
            seen = image[(..., *part)]
            seen += np.einsum("gkc,ngkp->ngcp", _by_group(w[(..., *tap)], groups), _places(dy, groups)).reshape(seen.shape)
        return image[(..., *(slice(p, p + size) for p, size in zip(self.padding, dx[2:], strict=True)))]

    def weight_gradient(self, x: np.ndarray, dy: np.ndarray, dw: Axes) -> np.ndarray:
        self._check(x.shape, dw, dy.shape)
        image, groups, sums = self._padded(x), x.shape[1] // dw[1], np.zeros(dw)
        for tap, part in self._taps(dw, dy.shape):
            found = np.einsum("ngkp,ngcp->gkc", _places(dy, groups), _places(image[(..., *part)], groups))
            sums[(..., *tap)] = found.reshape(dw[:2])
        return sums

    def _check(self, x: Axes, w: Axes, y: Axes) -> None:
        if self.top(x, w) != list(y) or x[1] % w[1] or w[0] % (x[1] // w[1]):
            raise ValueError(f"{x} and {w} do not make {y}")

    def _padded(self, x: np.ndarray) -> np.ndarray:
        return np.pad(x, [(0, 0), (0, 0), *((p, p) for p in self.padding)])

    def _taps(self, w: Axes, y: Axes) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
        """Each tap of the window, and the part of the padded images that it meets."""
        for tap in product(*map(range, w[2:])):
            axes = zip(tap, self.dilation, self.stride, y[2:], strict=True)
            yield tap, tuple(slice(t * d, t * d + s * (o - 1) + 1, s) for t, d, s, o in axes)


def _by_group(weights: np.ndarray, groups: int) -> np.ndarray:
    """(K, C of a group) as (groups, K of a group, C of a group)."""
    return weights.reshape(groups, -1, weights.shape[1])


def _places(images: np.ndarray, groups: int) -> np.ndarray:
    """(N, channels, *spatial) as (N, groups, channels of a group, places)."""
    return images.reshape(len(images), groups, images.shape[1] // groups, -1)
