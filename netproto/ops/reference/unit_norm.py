"""Vectors over their length."""

from __future__ import annotations

from .arrays import Array, Arrays


class UnitNorm(Arrays):
    """x (N, C, inner); norm (N, 1, inner) is the length over C, or (N, 1, 1) that over C and inner."""

    def unit_norm(self, x: Array, norm: Array, y: Array, *, eps: float) -> None:
        """norm = sqrt(sum x**2 + eps), y = x / norm."""
        self.xp.multiply(x, x, out=y)
        self.xp.sum(y, axis=_summed(norm, x), keepdims=True, out=norm)
        norm += eps
        self.xp.sqrt(norm, out=norm)
        self.xp.divide(x, norm, out=y)

    def unit_norm_backward(self, x: Array, norm: Array, dy: Array, dx: Array) -> None:
        """dx = (dy - x * sum(x * dy) / norm**2) / norm; dx may be dy."""
        product = self.scratch("unit_norm.product", x.shape)
        self.xp.multiply(x, dy, out=product)
        share = product.sum(axis=_summed(norm, x), keepdims=True) / (norm * norm)
        self.xp.multiply(x, share, out=product)
        self.xp.subtract(dy, product, out=dx)
        dx /= norm


def _summed(norm: Array, x: Array) -> tuple[int, ...]:
    """The axes of x that a length is taken over."""
    return (1,) if norm.shape[2] == x.shape[2] else (1, 2)
