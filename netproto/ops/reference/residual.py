"""A sum of blobs and the ReLU that follows it in place."""

from __future__ import annotations

from collections.abc import Sequence

from .activation import Activation
from .arrays import Array
from .elementwise import Elementwise


class Residual(Elementwise, Activation):
    """Arrays of one shape."""

    def rectified_sum(self, xs: Sequence[Array], y: Array, *, slope: float) -> None:
        """y = the ReLU of the sum of xs."""
        self.eltwise_sum(xs, y)
        self.relu(y, y, slope=slope)

    def rectified_sum_backward(self, y: Array, dys: Sequence[Array], dxs: Sequence[Array], *, slope: float) -> None:
        """Each of dxs, at least one, for a slope of at least 0; the gradient of y is the sum of dys. A dx may be one of them."""
        dy = dys[0]
        if len(dys) > 1:
            dy = dxs[0]
            self.eltwise_sum(dys, dy)
        self.relu_backward(y, dy, dxs[0], slope=slope)
        for dx in dxs[1:]:
            self.copy(dxs[0], dx)
