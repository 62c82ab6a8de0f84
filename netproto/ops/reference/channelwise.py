"""One learned number per channel: Scale, Bias, PReLU. Caffe: scale_layer.cpp, bias_layer.cpp, prelu_layer.cpp."""

from __future__ import annotations

from .arrays import Array, Arrays


class Channelwise(Arrays):
    """x and y (outer, D, inner); scale, bias and slope (D). y may be x, dx may be dy."""

    def scale(self, x: Array, scale: Array, bias: Array | None, y: Array) -> None:
        """y = x * scale + bias; bias may be None."""
        self.xp.multiply(x, scale[:, None], out=y)
        if bias is not None:
            y += bias[:, None]

    def scale_backward(self, x: Array | None, scale: Array, dy: Array, dx: Array | None, dscale: Array | None, dbias: Array | None) -> None:
        """dx = dy * scale; dscale and dbias get theirs added. Any of the three may be None; x may be None if dscale is."""
        if dbias is not None:
            self.bias_backward(dy, dbias)
        if dscale is not None:
            product = self.scratch("channelwise.product", dy.shape)
            self.xp.multiply(x, dy, out=product)
            self.bias_backward(product, dscale)
        if dx is not None:
            self.xp.multiply(dy, scale[:, None], out=dx)

    def axpy(self, x: Array, scale: Array, addend: Array, y: Array) -> None:
        """y = x * scale + addend, of x's shape."""
        self.xp.multiply(x, scale[:, None], out=y)
        y += addend

    def bias(self, x: Array, bias: Array, y: Array) -> None:
        """y = x + bias."""
        self.xp.add(x, bias[:, None], out=y)

    def bias_backward(self, dy: Array, dbias: Array) -> None:
        """dbias gets the sum of dy over outer and inner added."""
        dbias += dy.sum(axis=(0, 2))

    def prelu(self, x: Array, slope: Array, y: Array) -> None:
        """y = x where x > 0, else slope * x."""
        negative = self.scratch("channelwise.product", x.shape)
        self.xp.minimum(x, 0, out=negative)
        negative *= slope[:, None]
        self.xp.maximum(x, 0, out=y)
        y += negative

    def prelu_backward(self, x: Array, slope: Array, dy: Array, dx: Array | None, dslope: Array | None) -> None:
        """dx = dy where x > 0, else slope * dy; dslope gets the sum of dy * x where x <= 0 added. Either may be None."""
        if dslope is not None:
            product = self.scratch("channelwise.product", x.shape)
            self.xp.minimum(x, 0, out=product)
            product *= dy
            self.bias_backward(product, dslope)
        if dx is not None:
            self.xp.multiply(dy, self.xp.where(x > 0, 1, slope[:, None]), out=dx)
