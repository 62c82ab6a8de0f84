"""Which algorithm a convolution runs by."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from ..geometry import ConvGeometry

SHORT = {3: (4, 5), 4: (), 5: (4,)}


@dataclass(frozen=True)
class Winograd:
    """F(outputs x outputs, taps x taps), of the convolution seen as one of stride 1."""

    outputs: int
    taps: int


def winograd(x: tuple[int, ...], w: tuple[int, ...], geo: ConvGeometry) -> Winograd | None:
    """The F(m, r) with the least products for these shapes, or None where it does not pay."""
    if len(x) != 4 or set(geo.dilation) != {1} or len({*geo.stride}) > 1 or len({*geo.kernel}) > 1:
        return None
    stride = geo.stride[0]
    taps = ceil(geo.kernel[0] / stride)
    channels, filters = w[1] * stride**2, w[0] // geo.group
    if stride not in (1, 2, 4) or taps not in SHORT or channels < 12 or filters < 12:
        return None
    out = geo.out_shape(x[2:])
    best = min(SHORT[taps], key=lambda m: ceil(out[0] / m) * ceil(out[1] / m) * (m + taps - 1) ** 2, default=None)
    if best is None or x[0] * ceil(out[0] / best) * ceil(out[1] / best) < 32:
        return None
    return Winograd(best, taps)
