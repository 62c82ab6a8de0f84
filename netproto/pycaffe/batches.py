"""Arrays of any length as batches of a net's size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import ModelError


def batches(arrays: Mapping[str, Any], size: int) -> Iterator[dict[str, Any]]:
    """Slices of all arrays together, `size` rows each; the last is filled up with zeros."""
    for start in range(0, length(arrays), size):
        yield {name: _filled(np.asarray(array[start : start + size]), size) for name, array in arrays.items()}


def length(arrays: Mapping[str, Any]) -> int:
    """How many rows the arrays have. Raises ModelError unless all have the same, at least one."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) != 1 or not all(lengths.values()):
        said = ", ".join(f"{name!r} {n}" for name, n in lengths.items()) or "no arrays"
        raise ModelError(f"arrays of the same length are wanted; what came: {said}", hint="Give one array for each input")
    return next(iter(lengths.values()))


def _filled(rows: np.ndarray, size: int) -> np.ndarray:
    missing = size - len(rows)
    return np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), rows.dtype)]) if missing else rows
