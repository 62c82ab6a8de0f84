"""Element by element over several arrays. Caffe: eltwise_layer.cpp, split_layer.cpp."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

from .arrays import Array, Arrays


class Elementwise(Arrays):
    """xs are two or more arrays; all arrays of an operation are of one shape, and none that is written is one that is read."""

    def multiply(self, x: Array, y: Array, *, factor: float) -> None:
        """y = factor * x; y may be x."""
        self.xp.multiply(x, factor, out=y)

    def eltwise_sum(self, xs: Sequence[Array], y: Array, *, coeffs: Sequence[float] = ()) -> None:
        """y = the sum of coeffs[i] * xs[i]; all coefficients are 1 where none are given. A single x will do."""
        coeffs = list(coeffs) or [1.0] * len(xs)
        if coeffs[:2] == [1, 1]:
            self.xp.add(xs[0], xs[1], out=y)
        else:
            self.multiply(xs[0], y, factor=coeffs[0])
            self._add_scaled(xs[1:2], y, coeffs[1:2])
        self._add_scaled(xs[2:], y, coeffs[2:])

    def _add_scaled(self, xs: Sequence[Array], y: Array, coeffs: Sequence[float]) -> None:
        for x, coeff in zip(xs, coeffs, strict=True):
            if coeff == 1:
                y += x
                continue
            term = self.scratch("eltwise", x.shape)
            self.multiply(x, term, factor=coeff)
            y += term

    def eltwise_product(self, xs: Sequence[Array], y: Array) -> None:
        """y = the product of all xs."""
        self.xp.multiply(xs[0], xs[1], out=y)
        for x in xs[2:]:
            y *= x

    def eltwise_product_backward(self, xs: Sequence[Array], dy: Array, dx: Array, *, index: int) -> None:
        """dx = dy * the product of all xs but xs[index]: right where xs[index] is 0."""
        self.copy(dy, dx)
        for i, x in enumerate(xs):
            if i != index:
                dx *= x

    @numpy.errstate(all="ignore")
    def eltwise_quotient_backward(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        """dx = dy * y / x, where y is a product of which x is a factor: NaN where x is 0."""
        self.xp.divide(y, x, out=dx)
        dx *= dy

    def eltwise_max(self, xs: Sequence[Array], y: Array, mask: Array) -> None:
        """y = the largest of the xs, mask (int32) = whose it is. xs[1] wins a tie with xs[0]; after that the earlier one wins."""
        larger = self.scratch("eltwise.larger", y.shape, "bool")
        self.copy(xs[1], y)
        mask.fill(1)
        for i, x in enumerate(xs):
            if i != 1:
                self.xp.greater(x, y, out=larger)
                self.xp.copyto(y, x, where=larger)
                self.xp.copyto(mask, i, where=larger)

    def eltwise_max_backward(self, mask: Array, dy: Array, dx: Array, *, index: int) -> None:
        """dx = dy where mask is index, else 0."""
        chosen = self.scratch("eltwise.larger", dy.shape, "bool")
        self.xp.equal(mask, index, out=chosen)
        self.xp.multiply(dy, chosen, out=dx)
