"""Blob: the array and its gradient that pass between layers.

Caffe: include/caffe/blob.hpp. Memory is taken once and kept: a blob that shrinks and grows back stays where it is, so views that
a user holds stay valid until the blob needs more room than it ever had.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from .errors import ModelError

if TYPE_CHECKING:
    from .ops.base import Ops

Shape = tuple[int, ...]
Array = Any  # of the backend that made it: numpy.ndarray or cupy.ndarray


class Store:
    """Flat memory of one backend, taken at first use and kept while it is large enough. dtype: 'real' is the ops' own."""

    __slots__ = ("array", "dtype", "ops")

    def __init__(self, ops: Ops, dtype: str = "real"):
        self.ops = ops
        self.dtype = dtype
        self.array: Array = None

    def view(self, shape: Shape) -> Array:
        """A C-contiguous view of the first prod(shape) elements; new memory is zero."""
        count = prod(shape)
        if self.array is None or self.array.size < count:
            self.array = self.ops.zeros((count,), self.dtype)
        return self.array[:count].reshape(shape)


class Blob:
    """An N-dimensional array `data` and its gradient `diff`, both of `shape`, in the ops' real dtype.

    `data` and `diff` are the same array objects until the shape changes. Memory is taken when first looked at.
    """

    __slots__ = ("_data", "_diff", "_shape", "data_store", "diff_store", "ops")

    def __init__(self, shape: Sequence[int], ops: Ops):
        self.ops = ops
        self.data_store, self.diff_store = Store(ops), Store(ops)
        self._shape: Shape = tuple(int(d) for d in shape)
        self._data: Array = None
        self._diff: Array = None

    @property
    def shape(self) -> Shape:
        return self._shape

    @property
    def count(self) -> int:
        """The number of elements."""
        return prod(self._shape)

    @property
    def data(self) -> Array:
        if self._data is None:
            self._data = self.data_store.view(self._shape)
        return self._data

    @property
    def diff(self) -> Array:
        if self._diff is None:
            self._diff = self.diff_store.view(self._shape)
        return self._diff

    def reshape(self, shape: Sequence[int]) -> None:
        """Take on a new shape; contents are kept where the memory is large enough, in flat order."""
        shape = tuple(int(d) for d in shape)
        if shape == self._shape:
            return
        if any(d < 0 for d in shape):
            raise ModelError(f"a blob cannot have the shape {shape}")
        self._shape = shape
        self._data = self._diff = None

    def share_data(self, other: Blob) -> None:
        """Let `data` be a view of the other's data; the counts must be equal. Caffe: Blob::ShareData."""
        self.data_store, self._data = other.data_store, None

    def share_diff(self, other: Blob) -> None:
        """Let `diff` be a view of the other's diff; the counts must be equal. Caffe: Blob::ShareDiff."""
        self.diff_store, self._diff = other.diff_store, None
