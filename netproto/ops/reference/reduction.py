"""Sums over the last axes, and where the largest elements are. Caffe: reduction_layer.cpp, argmax_layer.cpp."""

from __future__ import annotations

from .arrays import Array, Arrays


class Reduction(Arrays):
    """x is of a shape that begins with y's; what follows is summed over."""

    def reduce_sum(self, x: Array, y: Array, *, coeff: float) -> None:
        """y = coeff * the sum of x."""
        self._sum(x, y, coeff)

    def reduce_sum_backward(self, dy: Array, dx: Array, *, coeff: float) -> None:
        """dx = coeff * dy."""
        self._spread(dy, dx)
        dx *= coeff

    def reduce_asum(self, x: Array, y: Array, *, coeff: float) -> None:
        """y = coeff * the sum of |x|."""
        self._sum(self.xp.abs(x, out=self.scratch("reduction", x.shape)), y, coeff)

    def reduce_asum_backward(self, x: Array, dy: Array, dx: Array, *, coeff: float) -> None:
        """dx = coeff * dy * sign(x), 0 at 0."""
        self._spread(dy, dx)
        sign = self.scratch("reduction", x.shape)
        self.xp.sign(x, out=sign)
        sign *= coeff
        dx *= sign

    def reduce_sumsq(self, x: Array, y: Array, *, coeff: float) -> None:
        """y = coeff * the sum of x ** 2."""
        self._sum(self.xp.square(x, out=self.scratch("reduction", x.shape)), y, coeff)

    def reduce_sumsq_backward(self, x: Array, dy: Array, dx: Array, *, coeff: float) -> None:
        """dx = coeff * dy * 2 * x."""
        self._spread(dy, dx)
        dx *= x
        dx *= 2 * coeff

    def arg_max(self, x: Array, y: Array, *, k: int) -> None:
        """For x (N, ...) and y (N, planes, k, ...): plane 0 = the indices of the k largest of x[n], plane 1 if there is one = their values.

        The largest comes first; of equal ones that of the higher index.
        """
        rows = x.reshape(x.shape[0], -1)
        planes = y.reshape(y.shape[0], y.shape[1], k)
        best = self._largest(rows, k, 1)
        planes[:, 0] = best
        if planes.shape[1] > 1:
            planes[:, 1] = self.xp.take_along_axis(rows, best, 1)

    def arg_max_along(self, x: Array, y: Array, *, axis: int, values: bool) -> None:
        """y = the indices, or the values, of the largest along the axis, as many as y has there; ordered as by `arg_max`."""
        best = self._largest(x, y.shape[axis], axis)
        y[...] = self.xp.take_along_axis(x, best, axis) if values else best

    def _largest(self, x: Array, k: int, axis: int) -> Array:
        if k == 1:
            return x.shape[axis] - 1 - self.xp.expand_dims(self.xp.argmax(self.xp.flip(x, axis), axis), axis)
        ascending = self.xp.argsort(x, axis=axis, kind="stable")
        return self.xp.flip(ascending, axis)[(*(slice(None),) * axis, slice(k))]

    def _sum(self, x: Array, y: Array, coeff: float) -> None:
        self.xp.sum(x.reshape(y.size, -1), axis=1, out=y.reshape(-1))
        y *= coeff

    def _spread(self, dy: Array, dx: Array) -> None:
        self.copy(self.xp.broadcast_to(dy.reshape(-1, 1), (dy.size, dx.size // max(dy.size, 1))), dx.reshape(dy.size, -1))
