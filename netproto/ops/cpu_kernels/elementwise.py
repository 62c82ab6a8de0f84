"""Choices between two values, element by element: one pass that becomes vectors, where numpy's masked copies go one by one."""

from __future__ import annotations

from ..reference.arrays import Array
from .jit import kernel


@kernel
def larger_of_two(a: Array, b: Array, y: Array, mask: Array) -> None:
    """y = the larger, b where they are equal, mask = 0 or 1 for a or b."""
    for i in range(y.size):
        first = a[i] > b[i]
        y[i] = a[i] if first else b[i]
        mask[i] = 0 if first else 1


@kernel
def larger(x: Array, index: int, y: Array, mask: Array) -> None:
    """y = x and mask = index where x is larger than y."""
    for i in range(y.size):
        more = x[i] > y[i]
        y[i] = x[i] if more else y[i]
        mask[i] = index if more else mask[i]


@kernel
def elu_backward(x: Array, y: Array, dy: Array, dx: Array, alpha: float) -> None:
    """dx = dy where x > 0, else dy * (y + alpha)."""
    for i in range(dx.size):
        dx[i] = dy[i] if x[i] > 0 else dy[i] * (y[i] + alpha)
