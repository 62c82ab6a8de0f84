"""Numbers that are the same everywhere, in Keras and here."""

from __future__ import annotations

import numpy as np


def made_up(shape: tuple[int, ...], scale: float) -> np.ndarray:
    """Numbers of -scale to scale that depend on the shape alone."""
    number = np.arange(np.prod(shape), dtype=np.uint64)
    return ((number * np.uint64(2654435761) % np.uint64(2**32)) / 2.0**31 - 1).astype(np.float32).reshape(shape) * np.float32(scale)


def layer(kernel: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of a layer: a kernel as large as keeps the signal, biases of up to 0.1."""
    return made_up(kernel, (6 / np.prod(kernel[:-1])) ** 0.5), made_up(kernel[-1:], 0.1)
