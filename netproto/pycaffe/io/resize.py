"""Interpolation of (H, W, K) arrays along their first two axes, one after the other, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...errors import DataError

Size = tuple[int, int]
Weights = Callable[[np.ndarray], list[np.ndarray]]
"""How far a place is past the last sample before it, 0 to 1 -> the weights of its neighbours, from left to right."""


def pixel_centred(image: np.ndarray, size: Size, order: int, outside: float) -> np.ndarray:
    """Sampled at the centres of the new pixels. outside: the value beyond the edges, which pixels near them take part of."""
    for axis, new in enumerate(size):
        old = image.shape[axis]
        image = _interpolate(image, axis, (np.arange(new) + 0.5) * (old / new) - 0.5, order, outside)
    return image


def corner_aligned(image: np.ndarray, size: Size, order: int) -> np.ndarray:
    """Sampled so that the first and last pixels of each axis stay where they are."""
    for axis, new in enumerate(size):
        image = _interpolate(image, axis, np.linspace(0, image.shape[axis] - 1, new), order, None)
    return image


def _interpolate(image: np.ndarray, axis: int, places: np.ndarray, order: int, outside: float | None) -> np.ndarray:
    """The image at places along an axis. outside: a value; None continues the edge."""
    if order not in NEIGHBOURS:
        raise DataError(f"there is no interpolation of the order {order}", hint="interp_order is 0 (nearest), 1 (linear) or 3 (cubic)")
    last = image.shape[axis] - 1
    before = np.floor(places if order else places + 0.5)
    weights = NEIGHBOURS[order](places - before)
    result = np.zeros((*image.shape[:axis], len(places), *image.shape[axis + 1 :]))
    for offset, weight in enumerate(weights, 1 - (len(weights) + 1) // 2):
        neighbour = (before + offset).astype(int)
        values = np.take(image, neighbour.clip(0, last), axis).astype(np.float64)
        if outside is not None:
            values[(slice(None),) * axis + ((neighbour < 0) | (neighbour > last),)] = outside
        result += values * _along(weight, axis, image.ndim)
    return result


def _along(weight: np.ndarray, axis: int, axes: int) -> np.ndarray:
    return weight.reshape([-1 if a == axis else 1 for a in range(axes)])


def _cubic(t: np.ndarray) -> list[np.ndarray]:
    """Catmull and Rom's spline: through the samples, with the slope of their neighbours."""
    return [(-(t**3) + 2 * t**2 - t) / 2, (3 * t**3 - 5 * t**2 + 2) / 2, (-3 * t**3 + 4 * t**2 + t) / 2, (t**3 - t**2) / 2]


NEIGHBOURS: dict[int, Weights] = {0: lambda t: [np.ones_like(t)], 1: lambda t: [1 - t, t], 3: _cubic}
"""By the order of the interpolation."""
