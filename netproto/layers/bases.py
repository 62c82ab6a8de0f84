"""Bases of powers and logarithms, as Exp and Log write them."""

from __future__ import annotations

from math import isfinite, log

from .base import Layer

NATURAL = -1


def natural_log(layer: Layer, base: float, field: str) -> float:
    """log(base), 1 for the base -1, which means e. Raises ModelError for a base that has no logarithm."""
    if base == NATURAL:
        return 1.0
    layer.require(base > 0 and isfinite(base), f"the base is {base:g}", field=field, hint="It is above 0, or -1 for e")
    return log(base)
