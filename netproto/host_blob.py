"""HostBlob: a blob as scripts and users' Python layers see it. Caffe: the Blob of python/caffe/_caffe.cpp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .blob import Blob
from .errors import ModelError
from .ops.base import Ops


class HostBlob:
    """A blob whose `data` and `diff` are numpy arrays.

    On the CPU they are the net's own memory, valid until the shape changes. On a device they are copies: what was written to them
    counts once `push` has been called.
    """

    __slots__ = ("_blob", "_copies")

    def __init__(self, blob: Blob):
        self._blob = blob
        self._copies: dict[str, Any] = {}

    @classmethod
    def stand_in(cls, shape: Sequence[int]) -> HostBlob:
        """A blob of zeros on the host, for before there is a net."""
        return cls(Blob(shape, Ops()))

    def bind(self, blob: Blob) -> None:
        """Be the face of another blob from now on."""
        self._blob = blob
        self._copies.clear()

    def push(self) -> None:
        """Give the device what was written to copies of its arrays, and let go of them."""
        for which, copy in self._copies.items():
            self._blob.ops.copy(self._blob.ops.asarray(copy), getattr(self._blob, which))
        self._copies.clear()

    @property
    def data(self) -> Any:
        return self._host("data")

    @property
    def diff(self) -> Any:
        return self._host("diff")

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
        self._copies.clear()
        self._blob.reshape(shape)

    def _host(self, which: str) -> Any:
        if which in self._copies:
            return self._copies[which]
        self._blob.ops.activate()
        array = getattr(self._blob, which)
        host = self._blob.ops.to_host(array)
        if host is not array:
            self._copies[which] = host
        return host

    def _legacy_extent(self, axis: int) -> int:
        if len(self.shape) > 4:
            raise ModelError(f"a blob of {len(self.shape)} axes has no num, channels, height and width", hint="Use blob.shape")
        return self.shape[axis] if axis < len(self.shape) else 1


class HostBlobs(list[HostBlob]):
    """A list of blobs that can be asked for one more: `self.blobs` of a Python layer."""

    def add_blob(self, *shape: int) -> None:
        """Append a blob of zeros."""
        self.append(HostBlob.stand_in(shape))
