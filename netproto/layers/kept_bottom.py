"""What layers have in common whose backward pass needs the bottom's data, and that may overwrite it by working in place."""

from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from .base import Internal, Layer


class KeptBottom(Layer):
    """Keeps a copy of bottom 0's data where the layer works in place, and only there."""

    in_place = True

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"bottom": Internal(bottom[0], for_backward=True)} if self.message.bottom[0] == self.message.top[0] else {}

    def keep(self, bottom: Blob) -> Array:
        """The bottom's data, from the copy where it is about to be overwritten. For the forward pass."""
        if "bottom" in self.internals:
            self.ops.copy(bottom.data, self.internals["bottom"])
        return self.kept(bottom)

    def kept(self, bottom: Blob) -> Array:
        """The bottom's data as the forward pass read it. For the backward pass."""
        return self.internals.get("bottom", bottom.data)
