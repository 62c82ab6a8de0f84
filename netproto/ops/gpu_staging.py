"""The way of batches to a GPU: pinned memory of the host, and a stream of its own that copies one batch while the last is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from .reference.arrays import Array

Make = Callable[[tuple[int, ...], str], Any]
SMALL = 2**16
"""Bytes: what is less goes straight to its place, in the order of the computing stream."""


class Staging:
    """The way to one place of the device. The host goes on at once, unless it is two batches ahead.

    cupy: the library. pinned, empty: give memory of the host and of the device for a shape and a type. copying: the stream of copies.
    size: the most elements that pass.
    """

    def __init__(self, cupy: Any, pinned: Make, empty: Make, copying: Any, size: int, dtype: str):
        self._cupy, self._empty, self._copying = cupy, empty, copying
        self.size, self.dtype = size, numpy.dtype(dtype)
        self._buffers = [pinned((size,), dtype) for _ in range(2)]
        self._copied = [cupy.cuda.Event(disable_timing=True) for _ in range(2)]
        self._turn = 0
        self._arrived: Array | None = None
        self._taken = cupy.cuda.Event(disable_timing=True)

    def send(self, host: numpy.ndarray, dst: Array) -> None:
        """dst = host."""
        if host.size * self.dtype.itemsize < SMALL:
            stream = self._cupy.cuda.get_current_stream()
            dst.set(self._filled(host), stream=stream)
            stream.record(self._copied[self._turn])
        else:
            self.pass_on(host, lambda arrived: self._cupy.copyto(dst, arrived))

    def pass_on(self, host: numpy.ndarray, take: Callable[[Array], None]) -> None:
        """Call `take` with the host's numbers on the device, for it to queue what is done with them on the current stream."""
        stream = self._cupy.cuda.get_current_stream()
        if self._arrived is None:
            self._arrived = self._empty((self.size,), self.dtype.name)
            stream.record(self._taken)
        arrived = self._arrived[: host.size].reshape(host.shape)
        buffer = self._filled(host)
        self._copying.wait_event(self._taken)
        arrived.set(buffer, stream=self._copying)
        self._copying.record(self._copied[self._turn])
        stream.wait_event(self._copied[self._turn])
        take(arrived)
        stream.record(self._taken)

    def _filled(self, host: numpy.ndarray) -> numpy.ndarray:
        """The pinned buffer whose turn it is, with the host's numbers; waits until what was in it is copied."""
        self._turn = 1 - self._turn
        copied, buffer = self._copied[self._turn], self._buffers[self._turn][: host.size].reshape(host.shape)
        if not copied.done:
            copied.synchronize()
        numpy.copyto(buffer, host)
        return buffer
