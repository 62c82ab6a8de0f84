"""Arrays of the CPU that begin where a line of the cache does, so that vectors do not lie across two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy

from .cpu_kernels.workers import Workers
from .reference.arrays import Array, Arrays

LINE = 64
"""Bytes."""


class CpuArrays(Arrays):
    """Where new arrays come from, and who does the host's work."""

    workers: Workers

    def empty(self, shape: Sequence[int], dtype: str = "real") -> Array:
        return _aligned(numpy.empty, shape, self._real(dtype))

    def zeros(self, shape: Sequence[int], dtype: str = "real") -> Array:
        return _aligned(numpy.zeros, shape, self._real(dtype))

    def side_by_side(self, tasks: Sequence[Callable[[], object]]) -> None:
        left, failed = enumerate(tasks), []

        def work(lo: int, hi: int, worker: int) -> None:
            for number, task in left:
                try:
                    task()
                except Exception as error:
                    failed.append((number, error))

        self.workers.share(self.workers.count, work)
        if failed:
            raise min(failed, key=lambda failure: failure[0])[1]


def _aligned(make: Callable[..., Array], shape: Sequence[int], dtype: Any) -> Array:
    count, spare = prod(shape), LINE // dtype.itemsize
    if count <= 1:
        return make(tuple(shape), dtype)
    store = make(count + spare, dtype)
    start = -store.ctypes.data % LINE // dtype.itemsize
    return store[start : start + count].reshape(tuple(shape))
