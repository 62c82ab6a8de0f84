"""Element by element, one function of one variable. Caffe: relu_layer.cpp, sigmoid_layer.cpp, tanh_layer.cpp and their like.

All arrays of an operation are of one shape. y may be x and dx may be dy: what backward reads is what such a use leaves behind.
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
