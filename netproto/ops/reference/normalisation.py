"""Local response normalisation. Caffe: lrn_layer.cpp."""

from __future__ import annotations

from ..geometry import PoolGeometry
from .arrays import Array
from .pooling import Pooling


class Normalisation(Pooling):
    """x, y and scale (N, C, H, W); size is odd; scale is kept for the backward pass."""

    def lrn_across(self, x: Array, y: Array, scale: Array, *, size: int, alpha: float, beta: float, k: float) -> None:
        """scale = k + alpha / size * the sum of x**2 over the `size` nearest channels, y = x * scale ** -beta."""
        self._sum_across(x * x, scale, size)
        scale *= alpha / size
        scale += k
        self.xp.power(scale, -beta, out=y)
        y *= x

    def lrn_across_values(self, x: Array, y: Array, *, size: int, alpha: float, beta: float, k: float) -> None:
        """lrn_across where nobody asks for the scale."""
        self.lrn_across(x, y, self.scratch("lrn.scale", x.shape), size=size, alpha=alpha, beta=beta, k=k)

    def lrn_across_backward(self, x: Array, y: Array, scale: Array, dy: Array, dx: Array, *, size: int, alpha: float, beta: float) -> None:
        """dx = dy * scale ** -beta - 2 * alpha * beta / size * x * the sum of dy * y / scale over the nearest channels."""
        shared = self.scratch("lrn.shared", x.shape)
        self._sum_across(dy * y / scale, shared, size)
        shared *= -2 * alpha * beta / size
        shared *= x
        self.xp.power(scale, -beta, out=dx)
        dx *= dy
        dx += shared

    def lrn_within(self, x: Array, y: Array, scale: Array, *, size: int, alpha: float, beta: float) -> None:
        """scale = 1 + alpha * the average of x**2 over a size * size window, padding counted, y = x * scale ** -beta."""
        self.ave_pool(x * x, scale, geo=_square(x, size))
        scale *= alpha
        scale += 1
        self.xp.power(scale, -beta, out=y)
        y *= x

    def lrn_within_backward(self, x: Array, scale: Array, dy: Array, dx: Array, *, size: int, alpha: float, beta: float) -> None:
        """dx = dy * scale ** -beta + 2 * x * the average's gradient."""
        inner = self.scratch("lrn.shared", x.shape)
        self.xp.power(scale, -beta - 1, out=inner)
        inner *= dy
        outer = inner * scale
        inner *= x
        inner *= -2 * alpha * beta
        self.ave_pool_backward(inner, dx, geo=_square(x, size))
        dx *= x
        dx += outer

    def _sum_across(self, values: Array, out: Array, size: int) -> None:
        """out[:, c] = the sum of values[:, c - size // 2 : c + size // 2 + 1]."""
        channels, reach = values.shape[1], size // 2
        out.fill(0)
        for shift in range(-min(reach, channels - 1), min(reach, channels - 1) + 1):
            lo, hi = max(0, -shift), min(channels, channels - shift)
            out[:, lo:hi] += values[:, lo + shift : hi + shift]


def _square(x: Array, size: int) -> PoolGeometry:
    """The window of WITHIN_CHANNEL: size * size around each element. Its pooled shape is that of x, since size is odd."""
    reach = (size - 1) // 2
    return PoolGeometry((size, size), (1, 1), (reach, reach), x.shape[2:])
