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

    def rectified_sum_backward(self, y: Array, dy: Array, dxs: Sequence[Array], *, slope: float) -> None:
        """Each of dxs, at least one, for a slope of at least 0."""
        self.relu_backward(y, dy, dxs[0], slope=slope)
        for dx in dxs[1:]:
            self.copy(dxs[0], dx)
