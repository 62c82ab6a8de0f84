"""Which algorithm a convolution runs by, and why.

- One channel to a group: depthwise. Nothing to gain from products of matrices with one column.
- 3 x 3 and 5 x 5 of stride 1, and what becomes 3 x 3 when the pixels of a stride are made channels (11 x 11 / 4), where there are
  channels and tiles enough: Winograd's F(m, r), a third to a quarter of the products. Of the m that are there, the one with the fewest
  products for the size of the map: tiles cover whole multiples of m.
- Everything else with one or two spatial axes: products of matrices of unfolded windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from ..geometry import ConvGeometry

OUTPUTS = {3: (4, 5, 6), 5: (3, 4)}
"""The m that are to be had for each r. n = m + r - 1 is at most 8: beyond, the rounding errors exceed 1e-5."""
FEWEST_CHANNELS = 12
"""Of bottom and of top in a group: with fewer the lanes of a block stay empty."""
FEWEST_TILES = 48
"""In a batch: with fewer the transform of the filters, which every call makes, costs more than the products that are saved."""


@dataclass(frozen=True)
class Winograd:
    """F(outputs x outputs, taps x taps) of the convolution as one of stride 1."""

    outputs: int
    taps: int


def short_algorithm(x: tuple[int, ...], w: tuple[int, ...], geo: ConvGeometry) -> Winograd | None:
    """The F(m, r) for these shapes, or None where it cannot be or does not pay."""
    if len(x) != 4 or set(geo.dilation) != {1} or len(set(geo.stride)) > 1 or len(set(geo.kernel)) > 1:
        return None
    stride = geo.stride[0]
    taps = ceil(geo.kernel[0] / stride)
    if stride not in (1, 2, 4) or taps not in OUTPUTS or min(w[1] * stride**2, w[0] // geo.group) < FEWEST_CHANNELS:
        return None
    out = geo.out_shape(x[2:])

    def tiles(m: int) -> int:
        return x[0] * ceil(out[0] / m) * ceil(out[1] / m)

    best = min(OUTPUTS[taps], key=lambda m: tiles(m) * (m + taps - 1) ** 2)
    return Winograd(best, taps) if tiles(best) >= FEWEST_TILES else None
