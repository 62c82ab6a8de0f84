"""ReLU, its sums, Dropout and random words on a GPU, in single passes."""

from __future__ import annotations

from collections.abc import Sequence

from .gpu_arrays import GpuArrays, fits
from .reference.arrays import Array
from .reference.rng import keep_from


class GpuElementwise(GpuArrays):
    """The same bits are drawn as on any other backend."""

    def relu(self, x: Array, y: Array, *, slope: float) -> None:
        if fits(x, y):
            self.kernels.each("relu", x.size, x, slope, y)
        else:
            super().relu(x, y, slope=slope)

    def relu_backward(self, x: Array, dy: Array, dx: Array, *, slope: float) -> None:
        if fits(x, dy, dx):
            self.kernels.each("relu_backward", x.size, x, dy, slope, dx)
        else:
            super().relu_backward(x, dy, dx, slope=slope)

    def rectified_sum(self, xs: Sequence[Array], y: Array, *, slope: float) -> None:
        if len(xs) == 2 and fits(*xs, y):
            self.kernels.each("finish", y.size, xs[0], None, xs[1], slope, 1, 1, y)
        else:
            super().rectified_sum(xs, y, slope=slope)

    def words(self, out: Array, *, key: int, ordinal: int) -> None:
        self.kernels.each("random_words", -(-out.size // 4), out.size, key, ordinal, self.later(), out)

    def dropout(self, x: Array, y: Array, mask: Array, *, ratio: float, key: int, ordinal: int) -> None:
        if fits(x, y):
            numbers = keep_from(ratio), 1 / (1 - ratio), key, ordinal, self.later()
            self.kernels.each("dropout", -(-x.size // 4), x.size, x, *numbers, y, mask)
        else:
            super().dropout(x, y, mask, ratio=ratio, key=key, ordinal=ordinal)

    def dropout_backward(self, dy: Array, mask: Array, dx: Array, *, ratio: float) -> None:
        if fits(dy, dx):
            self.kernels.each("dropout_backward", dy.size, dy, mask, 1 / (1 - ratio), dx)
        else:
            super().dropout_backward(dy, mask, dx, ratio=ratio)
