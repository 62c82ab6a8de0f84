"""BatchNorm of a batch by its own statistics, with the Scale and the ReLU that follow it: what most nets of residuals are made of."""

from __future__ import annotations

from .activation import Activation
from .arrays import Array
from .batch_norm import BatchNorm
from .channelwise import Channelwise


class NormalChain(Activation, BatchNorm, Channelwise):
    """x, y (N, C, inner); mean, var, scale and shift (C). Without a scale there is no shift; the slope 1 means no ReLU."""

    def normal_chain(
        self, x: Array, mean: Array, var: Array, scale: Array | None, shift: Array | None, y: Array, *, eps: float, slope: float
    ) -> None:
        """mean and var = x's own; y = the ReLU of (x - mean) / sqrt(var + eps) * scale + shift. y may be x."""
        self.batch_stats(x, mean, var)
        self.normalise(x, mean, var, y, eps=eps)
        if scale is not None:
            self.scale(y, scale, shift, y)
        if slope != 1:
            self.relu(y, y, slope=slope)

    def normal_chain_backward(
        self,
        x: Array,
        mean: Array,
        var: Array,
        scale: Array | None,
        y: Array,
        dy: Array,
        dx: Array,
        dscale: Array | None,
        dshift: Array | None,
        *,
        eps: float,
        slope: float,
    ) -> None:
        """dx, which may be dy; dscale and dshift get theirs added. For a slope of at least 0: the sign of x is told by y's."""
        if slope == 1:
            if dx is not dy:
                self.copy(dy, dx)
        else:
            self.relu_backward(y, dy, dx, slope=slope)
        if scale is not None:
            unit = None
            if dscale is not None:
                unit = self.scratch("normal_chain.unit", x.shape)
                self.normalise(x, mean, var, unit, eps=eps)
            self.scale_backward(unit, scale, dx, dx, dscale, dshift)
        self.batch_norm_backward(x, mean, var, dx, dx, eps=eps)
