"""A product and the ReLU that follows it in place."""

from __future__ import annotations

from ..geometry import ConvGeometry
from .activation import Activation
from .arrays import Array
from .convolution import Convolution
from .linear import Linear


class Rectified(Activation, Convolution, Linear):
    """The arrays of conv and linear."""

    def rectified_conv(self, x: Array, w: Array, bias: Array | None, y: Array, *, geo: ConvGeometry, slope: float) -> None:
        """y = the ReLU of what conv makes."""
        self.conv(x, w, bias, y, geo=geo)
        self.relu(y, y, slope=slope)

    def rectified_linear(self, x: Array, w: Array, bias: Array | None, y: Array, *, transpose: bool, slope: float) -> None:
        """y = the ReLU of what linear makes."""
        self.linear(x, w, bias, y, transpose=transpose)
        self.relu(y, y, slope=slope)
