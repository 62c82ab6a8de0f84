"""Matrix products of InnerProduct. Caffe: inner_product_layer.cpp."""

from __future__ import annotations

from .arrays import Array, Arrays


class Linear(Arrays):
    """x (M, K), w (N, K) or, if transpose, (K, N), bias (N), y (M, N)."""

    def linear(self, x: Array, w: Array, bias: Array | None, y: Array, *, transpose: bool) -> None:
        """y = x w' + bias; bias may be None."""
        self.xp.matmul(x, w if transpose else w.T, out=y)
        if bias is not None:
            y += bias

    def linear_backward(
        self, x: Array, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, *, transpose: bool
    ) -> None:
        """dx = dy w; dw and db get theirs added. Any of the three may be None."""
        if dw is not None:
            step = self.scratch("linear.dw", dw.shape)
            left, right = (x, dy) if transpose else (dy, x)
            self.xp.matmul(left.T, right, out=step)
            dw += step
        if db is not None:
            db += dy.sum(axis=0)
        if dx is not None:
            self.xp.matmul(dy, w.T if transpose else w, out=dx)
