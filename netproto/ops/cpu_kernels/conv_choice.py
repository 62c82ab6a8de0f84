"""Which algorithm a convolution runs by, and why.

- One channel to a group: depthwise. Nothing to gain from products of matrices with one column.
- 3 x 3 and 5 x 5 of stride 1, and what becomes 3 x 3 when the pixels of a stride are made channels (11 x 11 / 4), where there are
  channels and tiles enough: Winograd's F(m, r), a third to a quarter of the products. Of the m that are there, the one with the fewest
  products for the size of the map: tiles cover whole multiples of m.
- Few channels, as of a picture: direct. Unfolding windows would take longer than multiplying.
- 1 x 1 of whole rows of channels: pointwise. There is nothing to unfold.
- Everything else with one or two spatial axes: products of matrices of unfolded windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from ..geometry import ConvGeometry
from .vectors import LANES, ROWS, rounded_up

OUTPUTS = {3: (4, 5, 6), 5: (3, 4)}
"""The m that are to be had for each r. n = m + r - 1 is at most 8: beyond, the rounding errors exceed 1e-5."""
FEWEST_CHANNELS = 12
"""Of bottom and of top in a group: with fewer the lanes of a block stay empty."""
FEWEST_TILES = 16
"""In a batch: with fewer the transform of the filters, which every call makes, costs more than the products that are saved."""


READING, READING_NEAR = 24, 4
"""What it costs to read an element of the filters from memory, in multiply-adds; and from a core's cache, where there are few."""
FEW_WEIGHTS = 2**18
UNFOLDING = 30
"""What it costs to unfold an element of a window."""
TRANSFORMING = {6: 30, 7: 33, 8: 45}
"""By n, what it costs to transform an element of a tile."""


FEW_CHANNELS = 4
"""For direct, at the most."""
MOST_TERMS = 256
"""Of a sum that direct takes in one run."""


def is_direct(w: tuple[int, ...], geo: ConvGeometry) -> bool:
    """Whether direct is the algorithm, where there is none of Winograd's."""
    return len(w) == 4 and geo.group == 1 and w[1] <= FEW_CHANNELS and 1 < prod(geo.kernel) <= MOST_TERMS // w[1]


@dataclass(frozen=True)
class Winograd:
    """F(outputs x outputs, taps x taps) of the convolution as one of stride 1."""

    outputs: int
    taps: int


def short_algorithm(x: tuple[int, ...], w: tuple[int, ...], geo: ConvGeometry) -> Winograd | None:
    """The F(m, r) for these shapes, or None where it cannot be or does not pay."""
    taps = _taps(w, geo)
    if taps is None:
        return None
    best = min(OUTPUTS[taps], key=lambda m: _tiles(x, geo, m) * (m + taps - 1) ** 2)
    return Winograd(best, taps) if _tiles(x, geo, best) >= FEWEST_TILES else None


def cheapest_algorithm(x: tuple[int, ...], w: tuple[int, ...], geo: ConvGeometry) -> Winograd | None:
    """The same where the filters are transformed beforehand: what an estimate of the time says.

    Costs are in multiply-adds for each pair of a channel, as of stride 1, and a filter.
    """
    taps = _taps(w, geo)
    if taps is None:
        return None
    channels, filters = _channels(w, geo)
    outputs = x[0] * prod(geo.out_shape(x[2:]))
    products = prod(geo.kernel) / geo.stride[0] ** 2 * (rounded_up(outputs, LANES) * (1 + UNFOLDING / filters) + _reading(prod(w)))
    padding = rounded_up(channels, LANES) * rounded_up(filters, LANES) / (channels * filters)

    def cost(m: int) -> float:
        n, tiles = m + taps - 1, _tiles(x, geo, m)
        reading = _reading(n**2 * channels * filters * geo.group)
        return n**2 * (padding * (rounded_up(tiles, ROWS) + reading) + tiles * TRANSFORMING[n] * (1 / channels + 1 / filters))

    best = min(OUTPUTS[taps], key=cost)
    return Winograd(best, taps) if cost(best) < products else None


def _reading(weights: int) -> int:
    return READING_NEAR if weights <= FEW_WEIGHTS else READING


def _taps(w: tuple[int, ...], geo: ConvGeometry) -> int | None:
    """The r of the convolution as one of stride 1; None where there is no F(m, r) for it."""
    if len(w) != 4 or set(geo.dilation) != {1} or len(set(geo.stride)) > 1 or len(set(geo.kernel)) > 1:
        return None
    taps = ceil(geo.kernel[0] / geo.stride[0])
    few = geo.stride[0] not in (1, 2, 4) or taps not in OUTPUTS or min(_channels(w, geo)) < FEWEST_CHANNELS
    return None if few else taps


def _channels(w: tuple[int, ...], geo: ConvGeometry) -> tuple[int, int]:
    """The channels of bottom, as of stride 1, and of top in a group."""
    return w[1] * geo.stride[0] ** 2, w[0] // geo.group


def _tiles(x: tuple[int, ...], geo: ConvGeometry, m: int) -> int:
    out = geo.out_shape(x[2:])
    return x[0] * ceil(out[0] / m) * ceil(out[1] / m)
