"""pad_mode SAME: as many windows as there are strides in the input, rounded up. TensorFlow's padding of that name."""

from __future__ import annotations

from ..ops.geometry import Axes


def padding(spatial: Axes, extent: Axes, stride: Axes) -> tuple[Axes, Axes]:
    """(before, after) of each axis; where the padding of an axis is odd, one more after it.

    extent: how many elements a window spans.
    """
    lacking = [max((-(-n // s) - 1) * s + e - n, 0) for n, e, s in zip(spatial, extent, stride, strict=True)]
    return tuple(n // 2 for n in lacking), tuple(n - n // 2 for n in lacking)


def windows(spatial: Axes, stride: Axes) -> Axes:
    """How many windows each axis has."""
    return tuple(-(-n // s) for n, s in zip(spatial, stride, strict=True))
