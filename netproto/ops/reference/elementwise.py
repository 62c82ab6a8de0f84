"""Element by element over several arrays, and arithmetic with constants. Caffe: eltwise_layer.cpp, power_layer.cpp and their like."""

from __future__ import annotations

from collections.abc import Sequence

from .arrays import Array, Arrays


class Elementwise(Arrays):
    """All arrays of an operation are of one shape."""

    def axpb(self, x: Array, y: Array, *, a: float, b: float = 0.0) -> None:
        """y = a * x + b; y may be x."""
        self.xp.multiply(x, a, out=y)
        if b:
            y += b

    def eltwise_sum(self, xs: Sequence[Array], y: Array, *, coeffs: Sequence[float] | None = None) -> None:
        """y = the sum of coeffs[i] * xs[i]; None: all 1. y is none of xs."""
        coeffs = coeffs or [1.0] * len(xs)
        self.axpb(xs[0], y, a=coeffs[0])
        for x, coeff in zip(xs[1:], coeffs[1:], strict=True):
            if coeff == 1:
                y += x
                continue
            term = self.scratch("eltwise", x.shape)
            self.axpb(x, term, a=coeff)
            y += term
