"""Sums over several GPUs by NVIDIA's NCCL. Caffe: src/caffe/parallel.cpp.

A collective call is made by every rank, in the same order; each runs on its GPU's current stream, and waits there for the others'.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import DeviceError
from . import gpu_device
from .reference.arrays import Array

TYPES = {"float32": "NCCL_FLOAT32", "float64": "NCCL_FLOAT64"}


def library() -> Any:
    """CuPy, with cupy.cuda.nccl. Raises DeviceError where it or NCCL is missing."""
    cupy = gpu_device.library("cupy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # CuPy's own, about what is said here
        nccl = importlib.import_module("cupy.cuda.nccl")
    if not nccl.available:
        hint = f"pip install nvidia-nccl-cu{int(cupy.cuda.runtime.runtimeGetVersion()) // 1000}"
        raise DeviceError("several GPUs cannot be used: NCCL is not installed, which adds up their gradients", hint=hint)
    return cupy


def new_uid() -> bytes:
    """What processes that are to work together are given."""
    return bytes(library().cuda.nccl.get_unique_id())


def join(uid: bytes, rank: int, ranks: int) -> Communicator:
    """One process's communicator, for its current GPU. Waits until all ranks have joined. Raises DeviceError where NCCL refuses."""
    cupy = library()
    return Communicator(cupy, _asked(lambda: cupy.cuda.nccl.NcclCommunicator(ranks, uid, rank)))


def communicators(devices: Sequence[int]) -> list[Communicator]:
    """Those of several GPUs of one process, in the order of their ranks. Raises DeviceError where NCCL refuses."""
    cupy = library()
    return [Communicator(cupy, handle) for handle in _asked(lambda: cupy.cuda.nccl.NcclCommunicator.initAll(list(devices)))]


class Communicator:
    """One rank's part in what all ranks do together. It is for the thread of its GPU; only `abort` may come from another."""

    def __init__(self, cupy: Any, handle: Any):
        self._cupy, self._handle = cupy, handle

    def broadcast(self, arrays: Sequence[Array]) -> None:
        """Let C-contiguous arrays be what rank 0's are."""
        self._together(arrays, lambda place, count, kind, stream: self._handle.bcast(place, count, kind, 0, stream))

    def average(self, arrays: Sequence[Array]) -> None:
        """Let C-contiguous arrays be the mean over all ranks: their sum, divided by how many they are."""
        mean = self._cupy.cuda.nccl.NCCL_AVG
        self._together(arrays, lambda place, count, kind, stream: self._handle.allReduce(place, place, count, kind, mean, stream))

    def _together(self, arrays: Sequence[Array], call: Callable[[int, int, int, int], None]) -> None:
        """One call for each array, which NCCL joins to one."""
        nccl, stream = self._cupy.cuda.nccl, self._cupy.cuda.get_current_stream().ptr
        nccl.groupStart()
        try:
            for array in arrays:
                call(array.data.ptr, array.size, getattr(nccl, TYPES[array.dtype.name]), stream)
        finally:
            _asked(nccl.groupEnd)

    def close(self) -> None:
        """Let go of what NCCL holds, when all ranks are done."""
        self._handle.destroy()

    def abort(self) -> None:
        """End what waits for ranks that will not come."""
        self._handle.abort()


def _asked(make: Callable[[], Any]) -> Any:
    """Raise DeviceError for NCCL's own errors."""
    try:
        return make()
    except RuntimeError as error:
        raise DeviceError(f"the GPUs cannot work together: {error}", hint="NCCL_DEBUG=INFO in the environment lets it say more") from None
