"""Element by element, one function of one variable. Caffe: relu_layer.cpp, sigmoid_layer.cpp, tanh_layer.cpp and their like.

All arrays of an operation are of one shape. y may be x and dx may be dy; where a backward operation reads x, it says whether y will do.
"""

from __future__ import annotations

from .arrays import Array, Arrays


class Activation(Arrays):
    """Forward writes y from x; backward writes dx from dy and from x or y."""

    def relu(self, x: Array, y: Array, *, slope: float) -> None:
        """y = x where x > 0, else slope * x."""
        if slope == 0:
            self.xp.maximum(x, 0, out=y)
            return
        leak = self.scratch("activation", x.shape)
        self.xp.multiply(x, slope, out=leak)
        (self.xp.maximum if slope <= 1 else self.xp.minimum)(x, leak, out=y)

    def relu_backward(self, x: Array, dy: Array, dx: Array, *, slope: float) -> None:
        """dx = dy where x > 0, else slope * dy. x may be relu's y if slope >= 0."""
        positive = self.scratch("activation.mask", x.shape, "bool")
        self.xp.greater(x, 0, out=positive)
        if slope == 0:
            self.xp.multiply(dy, positive, out=dx)
            return
        leak = self.scratch("activation", x.shape)
        self.xp.multiply(dy, slope, out=leak)
        self.xp.copyto(leak, dy, where=positive)
        self.copy(leak, dx)

    def sigmoid(self, x: Array, y: Array, *, rate: float = 1.0) -> None:
        """y = 1 / (1 + exp(-rate * x)), computed as (1 + tanh(rate * x / 2)) / 2, which cannot overflow."""
        self.xp.multiply(x, rate / 2, out=y)
        self.xp.tanh(y, out=y)
        y += 1
        y *= 0.5

    def sigmoid_backward(self, y: Array, dy: Array, dx: Array) -> None:
        """dx = dy * y * (1 - y)."""
        slope = self.scratch("activation", y.shape)
        self.xp.subtract(1, y, out=slope)
        slope *= y
        self.xp.multiply(dy, slope, out=dx)

    def tanh(self, x: Array, y: Array) -> None:
        """y = tanh(x)."""
        self.xp.tanh(x, out=y)

    def tanh_backward(self, y: Array, dy: Array, dx: Array) -> None:
        """dx = dy * (1 - y ** 2)."""
        slope = self.scratch("activation", y.shape)
        self.xp.multiply(y, y, out=slope)
        self.xp.subtract(1, slope, out=slope)
        self.xp.multiply(dy, slope, out=dx)

    def elu(self, x: Array, y: Array, *, alpha: float) -> None:
        """y = x where x > 0, else alpha * (exp(x) - 1)."""
        low = self.scratch("activation", x.shape)
        self.xp.minimum(x, 0, out=low)
        self.xp.expm1(low, out=low)
        low *= alpha
        self.xp.maximum(x, 0, out=y)
        y += low

    def elu_backward(self, x: Array, y: Array, dy: Array, dx: Array, *, alpha: float) -> None:
        """dx = dy where x > 0, else dy * (y + alpha). x may be y if alpha >= 0."""
        positive, slope = self.scratch("activation.mask", x.shape, "bool"), self.scratch("activation", x.shape)
        self.xp.greater(x, 0, out=positive)
        self.xp.add(y, alpha, out=slope)
        self.xp.copyto(slope, 1, where=positive)
        self.xp.multiply(dy, slope, out=dx)

    def bnll(self, x: Array, y: Array) -> None:
        """y = log(1 + exp(x)), computed as max(x, 0) + log(1 + exp(-|x|)), which cannot overflow."""
        rest = self.scratch("activation", x.shape)
        self.xp.abs(x, out=rest)
        self.xp.negative(rest, out=rest)
        self.xp.exp(rest, out=rest)
        self.xp.log1p(rest, out=rest)
        self.xp.maximum(x, 0, out=y)
        y += rest

    def bnll_backward(self, y: Array, dy: Array, dx: Array) -> None:
        """dx = dy * (1 - exp(-y)), which is the sigmoid of x."""
        slope = self.scratch("activation", y.shape)
        self.xp.negative(y, out=slope)
        self.xp.expm1(slope, out=slope)
        self.xp.negative(slope, out=slope)
        self.xp.multiply(dy, slope, out=dx)

    def swish(self, x: Array, sigmoid: Array, y: Array, *, beta: float) -> None:
        """sigmoid = that of beta * x, y = x * sigmoid."""
        self.sigmoid(x, sigmoid, rate=beta)
        self.xp.multiply(x, sigmoid, out=y)

    def swish_backward(self, y: Array, sigmoid: Array, dy: Array, dx: Array, *, beta: float) -> None:
        """dx = dy * (beta * y + sigmoid * (1 - beta * y))."""
        slope, flat = self.scratch("activation", y.shape), self.scratch("activation.second", y.shape)
        self.xp.multiply(y, beta, out=slope)
        self.xp.subtract(1, slope, out=flat)
        flat *= sigmoid
        slope += flat
        self.xp.multiply(dy, slope, out=dx)

    def clip(self, x: Array, y: Array, *, low: float, high: float) -> None:
        """y = max(low, min(x, high))."""
        self.xp.minimum(x, high, out=y)
        self.xp.maximum(y, low, out=y)

    def clip_backward(self, x: Array, dy: Array, dx: Array, *, low: float, high: float, closed: bool) -> None:
        """dx = dy where low <= x <= high (closed) or low < x < high, else 0. x may be clip's y if not closed."""
        inside, above = self.scratch("activation.mask", x.shape, "bool"), self.scratch("activation.above", x.shape, "bool")
        (self.xp.less_equal if closed else self.xp.less)(x, high, out=inside)
        (self.xp.greater_equal if closed else self.xp.greater)(x, low, out=above)
        inside &= above
        self.xp.multiply(dy, inside, out=dx)

    def threshold(self, x: Array, y: Array, *, threshold: float) -> None:
        """y = 1 where x > threshold, else 0."""
        self.xp.greater(x, threshold, out=y)
