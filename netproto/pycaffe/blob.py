"""pycaffe's Blob: the net's own blob seen with numpy arrays. Caffe: python/caffe/_caffe.cpp."""

from __future__ import annotations

from typing import Any

from ..blob import Blob as NetBlob
from ..errors import ModelError


class Blob:
    """A blob of a net. `data` and `diff` are numpy arrays; on the CPU they are the net's memory, valid until the shape changes."""

    __slots__ = ("_blob",)

    def __init__(self, blob: NetBlob):
        self._blob = blob

    @property
    def data(self) -> Any:
        return self._blob.ops.to_host(self._blob.data)

    @property
    def diff(self) -> Any:
        return self._blob.ops.to_host(self._blob.diff)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._blob.shape

    @property
    def count(self) -> int:
        return self._blob.count

    @property
    def num(self) -> int:
        return self._legacy_extent(0)

    @property
    def channels(self) -> int:
        return self._legacy_extent(1)

    @property
    def height(self) -> int:
        return self._legacy_extent(2)

    @property
    def width(self) -> int:
        return self._legacy_extent(3)

    def reshape(self, *shape: int) -> None:
        """Take on a shape; `net.reshape()` or the next forward carries it on."""
        self._blob.reshape(shape)

    def _legacy_extent(self, axis: int) -> int:
        if len(self.shape) > 4:
            raise ModelError(f"a blob of {len(self.shape)} axes has no num, channels, height and width", hint="Use blob.shape")
        return self.shape[axis] if axis < len(self.shape) else 1
