"""Arrays of a GPU: where they come from and go to, and what every family of GPU operations stands on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy

from ..errors import DeviceError
from .base import Ops
from .gpu_gemm import Gemm
from .gpu_kernels import THREADS, Kernels
from .gpu_staging import Staging
from .reference.arrays import Array, Arrays

PARTS = 256
"""Into how many parts a long sum is divided, on any GPU."""


class OutOfDeviceMemory(DeviceError):
    """An array that a GPU has no room for. total: the bytes that the GPU has."""

    def __init__(self, what: str, *, total: int, hint: str):
        super().__init__(what, hint=hint)
        self.total = total


class GpuArrays(Ops):
    """Array management on one GPU. Operations are queued: the host waits only where a number is read."""

    asynchronous = True
    kernels: Kernels
    gemm: Gemm
    cupyx: Any
    device: Any
    careful: bool
    _later: Array | None
    _copying: Any
    _staging: dict[tuple[int, str], Staging]

    def empty(self, shape: Sequence[int], dtype: str = "real") -> Array:
        with self._room_for(shape, dtype):
            return super().empty(shape, dtype)

    def zeros(self, shape: Sequence[int], dtype: str = "real") -> Array:
        with self._room_for(shape, dtype):
            return super().zeros(shape, dtype)

    def to_host(self, array: Array) -> numpy.ndarray:
        return array.get() if isinstance(array, self.xp.ndarray) else numpy.asarray(array)

    def upload(self, host: Any, dst: Array) -> None:
        self.staging(dst, dst.size, dst.dtype.name).send(numpy.asarray(host).reshape(dst.shape), dst)

    def staging(self, dst: Array, size: int, dtype: str) -> Staging:
        """The way of so many numbers to an array of the device, or to what makes it of them."""
        key = dst.data.ptr, dtype
        staging = self._staging.get(key)
        if staging is None or staging.size < size:
            self.wait()  # for copies from the buffers that go
            if self._copying is None:
                self._copying = self.xp.cuda.Stream(non_blocking=True)
            staging = self._staging[key] = Staging(self.xp, self.cupyx.empty_pinned, self.empty, self._copying, size, dtype)
        return staging

    def activate(self) -> None:
        self.device.use()

    def receive(self, src: Array, giver: Arrays, dst: Array) -> None:
        giver.activate()
        theirs = self.xp.cuda.get_current_stream()
        made = theirs.record()
        self.activate()
        mine = self.xp.cuda.get_current_stream()
        mine.wait_event(made)
        self.copy(src, dst)
        theirs.wait_event(mine.record())

    def wait(self) -> None:
        """Until all that was queued is done."""
        self.xp.cuda.get_current_stream().synchronize()

    def later(self) -> Array | None:
        """Where a draw that is being recorded finds how many passes ago that was; None for one that is made now."""
        return self._later

    def release(self) -> None:
        """Give back workspaces, pinned memory, and what CuPy keeps of arrays that are gone. Recorded passes keep what is theirs."""
        self.wait()
        self._scratch.clear()
        self._staging.clear()
        self.xp.get_default_memory_pool().free_all_blocks()

    def add_dot(self, a: Array, b: Array, total: Array) -> None:
        if not fits(a, b, total):
            super().add_dot(a, b, total)
        elif a.size <= PARTS * THREADS:
            self.kernels.blocks("add_dot", 1, a.size, a, b, total)
        else:
            sums = self.scratch("dot.sums", (PARTS,))
            self.kernels.blocks("dot_parts", PARTS, PARTS, a.size, a, b, sums)
            self.kernels.blocks("add_channel_sums", 1, 1, 1, PARTS, sums, None, total)

    @contextmanager
    def _room_for(self, shape: Sequence[int], dtype: str) -> Iterator[None]:
        """Raise OutOfDeviceMemory for CuPy's own error."""
        try:
            yield
        except self.xp.cuda.memory.OutOfMemoryError:
            device = self.xp.cuda.Device()
            free, total = device.mem_info
            wanted = prod(shape) * self._real(dtype).itemsize
            what = f"GPU {device.id} is out of memory: {_size(wanted)} more are wanted, {_size(free)} of its {_size(total)} are free"
            raise OutOfDeviceMemory(what, total=total, hint="A smaller batch needs less") from None

    @contextmanager
    def checked(self) -> Iterator[None]:
        self.careful = True
        try:
            yield
        finally:
            self.careful = False


def _size(count: int) -> str:
    return f"{count / 2**30:.2f} GiB"


def fits(*arrays: Array | None) -> bool:
    """Whether kernels take these arrays: float32 and C-contiguous. None stands for one that is not there."""
    return all(a is None or (a.dtype == "float32" and a.flags.c_contiguous) for a in arrays)
