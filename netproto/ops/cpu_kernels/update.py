"""One pass of a solver over a parameter, its gradient and its history: flat arrays, elements lo..hi."""

from __future__ import annotations

from typing import Any

import numpy

from .jit import kernel

Array = Any


@kernel
def sgd_update(
    data: Array, diff: Array, history: Array, rate: Any, momentum: Any, decay: Any, l1: bool, scale: Any, lo: int, hi: int
) -> None:  # fmt: skip
    """history = momentum * history + rate * (scale * diff + decay * data or its sign), data -= history."""
    if l1:
        for i in range(lo, hi):
            step = momentum * history[i] + rate * (scale * diff[i] + decay * numpy.sign(data[i]))
            history[i] = step
            data[i] -= step
    else:
        for i in range(lo, hi):
            step = momentum * history[i] + rate * (scale * diff[i] + decay * data[i])
            history[i] = step
            data[i] -= step
