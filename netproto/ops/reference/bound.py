"""Passes without a gradient: operations that are bound to their arrays once and run many times.

Weights are read when an operation is bound, so that they can be brought into the order in which they are multiplied: bind anew when they
have changed. The other arrays are read and written at each run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..geometry import ConvGeometry
from .activation import Activation
from .arrays import Array
from .convolution import Convolution
from .elementwise import Elementwise
from .linear import Linear

Run = Callable[[], None]


@dataclass(frozen=True)
class Finish:
    """What becomes of a result before it is written: `add`, of its shape, is added, then a ReLU of this slope is taken; 1 is none."""

    add: Array | None = None
    slope: float = 1.0


class Bound(Elementwise, Activation, Convolution, Linear):
    """A bound operation writes what those that it is named after would write one after the other, to 1e-6 or so."""

    writes_channels: bool = False
    """Whether bound_conv may write to some channels of a larger array: y need not be contiguous from image to image."""

    def bound_conv(self, x: Array, w: Array, bias: Array | None, y: Array, *, geo: ConvGeometry, finish: Finish) -> Run:
        """conv, then finish."""

        def run() -> None:
            self.conv(x, w, bias, y, geo=geo)
            self._finish(y, finish)

        return run

    def bound_linear(self, x: Array, w: Array, bias: Array | None, y: Array, *, transpose: bool, finish: Finish) -> Run:
        """linear, then finish."""

        def run() -> None:
            self.linear(x, w, bias, y, transpose=transpose)
            self._finish(y, finish)

        return run

    def _finish(self, y: Array, finish: Finish) -> None:
        if finish.add is not None:
            self.eltwise_sum([y, finish.add], y)
        if finish.slope != 1:
            self.relu(y, y, slope=finish.slope)

    def fold_statistics(self, w: Array, bias: Array, mean: Array, var: Array, *, eps: float) -> None:
        """Let w (K, inputs) and bias (K) make (what they made - mean) / sqrt(var + eps)."""
        factor = 1 / self.xp.sqrt(var + eps)
        w *= factor[:, None]
        bias -= mean
        bias *= factor

    def fold_scale(self, w: Array, bias: Array, scale: Array | None, shift: Array | None) -> None:
        """Let w (K, inputs) and bias (K) make what they made times scale plus shift, where these are there."""
        if scale is not None:
            w *= scale[:, None]
            bias *= scale
        if shift is not None:
            bias += shift
