"""Powers, exponentials and logarithms of one variable. Caffe: power_layer.cpp, exp_layer.cpp, log_layer.cpp, absval_layer.cpp.

All arrays of an operation are of one shape. y may be x and dx may be dy. What is not defined becomes NaN or infinite without a warning.
"""

from __future__ import annotations

import numpy

from .arrays import Array, Arrays


class Arithmetic(Arrays):
    """Forward writes y from x; backward writes dx from dy and from x or y."""

    def absolute(self, x: Array, y: Array) -> None:
        """y = |x|."""
        self.xp.abs(x, out=y)

    def absolute_backward(self, x: Array, dy: Array, dx: Array) -> None:
        """dx = dy * sign(x), 0 at 0."""
        sign = self.scratch("arithmetic", x.shape)
        self.xp.sign(x, out=sign)
        self.xp.multiply(dy, sign, out=dx)

    @numpy.errstate(all="ignore")
    def power(self, x: Array, y: Array, *, power: float, scale: float, shift: float) -> None:
        """y = (shift + scale * x) ** power."""
        self._affine(x, y, scale, shift)
        self._raise(y, power)

    @numpy.errstate(all="ignore")
    def power_backward(self, x: Array, dy: Array, dx: Array, *, power: float, scale: float, shift: float) -> None:
        """dx = dy * power * scale * (shift + scale * x) ** (power - 1). x is not read if power * scale is 0 or power is 1."""
        if power * scale == 0:
            dx.fill(0)
            return
        if power == 1:
            self.xp.multiply(dy, scale, out=dx)
            return
        slope = self.scratch("arithmetic", x.shape)
        self._affine(x, slope, scale, shift)
        self._raise(slope, power - 1)
        slope *= power * scale
        self.xp.multiply(dy, slope, out=dx)

    @numpy.errstate(all="ignore")
    def exp(self, x: Array, y: Array, *, rate: float, factor: float) -> None:
        """y = factor * exp(rate * x)."""
        self.xp.multiply(x, rate, out=y)
        self.xp.exp(y, out=y)
        y *= factor

    def exp_backward(self, y: Array, dy: Array, dx: Array, *, rate: float) -> None:
        """dx = dy * rate * y."""
        self.xp.multiply(dy, y, out=dx)
        dx *= rate

    @numpy.errstate(all="ignore")
    def log(self, x: Array, y: Array, *, scale: float, shift: float, log_base: float) -> None:
        """y = log(shift + scale * x) / log_base."""
        self._affine(x, y, scale, shift)
        self.xp.log(y, out=y)
        y *= 1 / log_base

    @numpy.errstate(all="ignore")
    def log_backward(self, y: Array, dy: Array, dx: Array, *, scale: float, log_base: float) -> None:
        """dx = dy * scale / (log_base * exp(y * log_base)), where the last factor is shift + scale * x."""
        slope = self.scratch("arithmetic", y.shape)
        self.xp.multiply(y, -log_base, out=slope)
        self.xp.exp(slope, out=slope)
        slope *= scale / log_base
        self.xp.multiply(dy, slope, out=dx)

    def _affine(self, x: Array, y: Array, scale: float, shift: float) -> None:
        self.xp.multiply(x, scale, out=y)
        if shift:
            y += shift

    def _raise(self, x: Array, power: float) -> None:
        """x = x ** power, in place."""
        if power == 2:
            self.xp.square(x, out=x)
        elif power != 1:
            self.xp.power(x, power, out=x)
