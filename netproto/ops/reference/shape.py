"""What moves elements and computes nothing, and the sums that such copies have for gradients. Caffe: concat_layer.cpp, slice_layer.cpp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def _places(parts: Sequence[Array], axis: int) -> Iterator[tuple[Array, tuple[slice, ...]]]:
    """Each part with the index that picks it out of the whole."""
    start = 0
    for part in parts:
        stop = start + part.shape[axis]
        yield part, (*(slice(None),) * axis, slice(start, stop))
        start = stop
