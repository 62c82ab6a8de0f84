"""Classes: their names, their probabilities, and which are the likeliest."""

from __future__ import annotations

import numpy as np

from ..errors import DataError, Place

PROBABILITIES = ("Softmax", "Sigmoid")
"""Layers whose tops are probabilities already."""


def load_names(path: str | None) -> list[str]:
    """The lines of a labels file, from class 0 on; none where no file is named. Raises DataError if it cannot be read."""
    if not path:
        return []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [line.strip() for line in file.read().rstrip().splitlines()]
    except OSError as error:
        raise DataError(f"labels cannot be read: {error.strerror}", place=Place(path)) from error


def check_names(names: list[str], classes: int, path: str | None) -> None:
    """Raise DataError if there are names, but not as many as classes."""
    if names and len(names) != classes:
        raise DataError(
            f"names {len(names)} classes, but the net has {classes}", place=Place(path or ""), hint="A line for each, no others"
        )


def probabilities(scores: np.ndarray, maker: str) -> np.ndarray:
    """(N, classes) of scores (N, classes): their softmax, in float64, unless the type of the layer that made them says that they are."""
    if maker in PROBABILITIES:
        return scores
    powers = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def best(values: np.ndarray, count: int) -> list[int]:
    """The classes with the highest values, highest first; of equal ones the lower comes first."""
    return [int(i) for i in np.argsort(-values, kind="stable")[:count]]


def lines(values: np.ndarray, count: int, names: list[str]) -> list[str]:
    """`  0.395771  278  kit fox` for each of the highest values."""
    wide = len(str(len(values) - 1))
    return [f"  {values[i]:.6f}  {i:>{wide}}  {names[i] if names else ''}".rstrip() for i in best(values, count)]
