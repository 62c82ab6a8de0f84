"""Softmax along one axis. Caffe: softmax_layer.cpp."""

from __future__ import annotations

import numpy

from .arrays import Array, Arrays


class Softmax(Arrays):
    """x, y and their gradients are of one shape; `axis` holds the classes, counted from the front."""

    def softmax(self, x: Array, y: Array, *, axis: int) -> None:
        """y = exp(x - max) / the sum of it, along the axis; NaN, without a warning, where x is infinite. y may be x."""
        with numpy.errstate(invalid="ignore"):
            self.xp.subtract(x, x.max(axis=axis, keepdims=True), out=y)
        self.xp.exp(y, out=y)
        y /= y.sum(axis=axis, keepdims=True)

    def softmax_backward(self, y: Array, dy: Array, dx: Array, *, axis: int) -> None:
        """dx = (dy - the sum of dy * y along the axis) * y. dx may be dy."""
        product = self.scratch("softmax.product", y.shape)
        self.xp.multiply(dy, y, out=product)
        self.xp.subtract(dy, product.sum(axis=axis, keepdims=True), out=dx)
        dx *= y
