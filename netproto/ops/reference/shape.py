"""What moves elements and computes nothing, and the sums that such copies have for gradients.

Caffe: concat_layer.cpp, slice_layer.cpp, tile_layer.cpp, batch_reindex_layer.cpp, filter_layer.cpp.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite, prod

import numpy

from .arrays import Array, Arrays


class Shaping(Arrays):
    """`axis` counts from the front."""

    def concat(self, parts: Sequence[Array], whole: Array, *, axis: int) -> None:
        """whole = the parts one after the other along the axis."""
        for part, place in _places(parts, axis):
            self.copy(part, whole[place])

    def unconcat(self, whole: Array, parts: Sequence[Array], *, axis: int, wanted: Sequence[bool]) -> None:
        """Each part that is wanted = its piece of the whole, where the parts lie one after the other along the axis."""
        for (part, place), copied in zip(_places(parts, axis), wanted, strict=True):
            if copied:
                self.copy(whole[place], part)

    def tile(self, x: Array, y: Array, *, axis: int, tiles: int) -> None:
        """y = x repeated `tiles` times along the axis."""
        outer = prod(x.shape[:axis])
        y.reshape(outer, tiles, -1)[...] = x.reshape(outer, 1, -1)

    def tile_backward(self, dy: Array, dx: Array, *, axis: int, tiles: int) -> None:
        """dx = the sum of dy over the repetitions."""
        outer = prod(dx.shape[:axis])
        self.xp.sum(dy.reshape(outer, tiles, -1), axis=1, out=dx.reshape(outer, -1))

    def permute(self, x: Array, y: Array, *, order: Sequence[int]) -> None:
        """Axis i of y = axis order[i] of x."""
        self.copy(x.transpose(order), y)

    def permute_backward(self, dy: Array, dx: Array, *, order: Sequence[int]) -> None:
        """Axis order[i] of dx = axis i of dy."""
        self.copy(dy, dx.transpose(order))

    def take_rows(self, x: Array, y: Array, *, rows: Sequence[int]) -> None:
        """y[i] = x[rows[i]]."""
        for i, row in enumerate(rows):
            y[i] = x[row]

    def take_rows_backward(self, dy: Array, dx: Array, *, rows: Sequence[int]) -> None:
        """dx[rows[i]] += dy[i], over zero."""
        dx.fill(0)
        for i, row in enumerate(rows):
            dx[row] += dy[i]

    def whole_numbers(self, x: Array) -> list[int]:
        """The elements of x in flat order on the host, cut to whole numbers; -1 for NaN and what is infinite."""
        return [int(value) if isfinite(value) else -1 for value in self.to_host(x).reshape(-1)]

    def nonzero(self, x: Array) -> list[int]:
        """The flat indices of the elements of x that are not 0, on the host."""
        indices: list[int] = numpy.flatnonzero(self.to_host(x)).tolist()
        return indices


def _places(parts: Sequence[Array], axis: int) -> Iterator[tuple[Array, tuple[slice, ...]]]:
    """Each part with the index that picks it out of the whole."""
    start = 0
    for part in parts:
        stop = start + part.shape[axis]
        yield part, (*(slice(None),) * axis, slice(start, stop))
        start = stop
