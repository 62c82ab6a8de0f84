"""The name `cupy`. What is not defined here is NumPy's function of the name, if CuPy has it too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from . import cublas, cublas_library, device, names, nccl
from .array import MemoryPool as MemoryPool
from .array import Out, bare, fresh, made, perform, run, using_allocator
from .array import ndarray as ndarray
from .counting import counters
from .kernels import RawModule as RawModule

float32, float64, int32, int64, uint8, uint32, uint64, bool_ = (
    np.float32, np.float64, np.int32, np.int64, np.uint8, np.uint32, np.uint64, np.bool_
)  # fmt: skip
newaxis, nan, inf, pi = None, np.nan, np.inf, np.pi

WAITING = frozenset({"bincount", "nonzero", "flatnonzero", "argwhere", "unique"})
"""Functions whose result has a size that only the device knows."""
MUTATING = frozenset({"put_along_axis"})
"""Functions that write into their first argument."""

cuda = SimpleNamespace(
    Device=device.Device,
    Stream=device.Stream,
    Event=device.Event,
    get_current_stream=device.current_stream,
    using_allocator=using_allocator,
    MemoryPool=MemoryPool,
    cublas=cublas_library.Module(),
    nccl=nccl,
    device=SimpleNamespace(get_cublas_handle=lambda: cublas.HANDLE),
    memory=SimpleNamespace(OutOfMemoryError=type("OutOfMemoryError", (MemoryError,), {})),
    runtime=SimpleNamespace(
        CUDARuntimeError=device.FakeGpuError,
        getDeviceCount=lambda: device.COUNT,
        getDeviceProperties=device.properties,
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 13000,
    ),
)
_pool = SimpleNamespace(free_all_blocks=lambda: None)  # the fake keeps no memory that is not used
__version__ = names.tables()["version"]


def get_default_memory_pool() -> Any:
    return _pool


def empty(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    return fresh(shape, dtype)


def zeros(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    return full(shape, 1, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C") -> ndarray:
    array = fresh(shape, np.result_type(bare(fill_value)) if dtype is None else dtype)
    array.fill(fill_value)
    return array


def asarray(a: Any, dtype: Any = None, order: str | None = None, *, copy: bool | None = None, blocking: bool = False) -> ndarray:
    if isinstance(a, ndarray):
        return a if dtype is None or a.dtype == dtype else a.astype(dtype)
    if isinstance(a, list | tuple) and any(isinstance(x, ndarray) for x in a):
        raise TypeError("a sequence of arrays of the device: use cupy.stack")
    device.refuse_in_capture("an array of the host is copied")
    counters.h2d += 1
    counters.sync += 1
    return made(np.array(a, dtype, order="C"))


array = asarray


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> ndarray:
    bounds = (start,) if stop is None else (start, stop, step)
    return run(np.arange, bounds, {"dtype": dtype})


def ascontiguousarray(a: ndarray, dtype: Any = None) -> ndarray:
    if a.flags.c_contiguous and (dtype is None or a.dtype == dtype):
        return a
    counters.copy += 1
    return run(lambda x: np.ascontiguousarray(x, dtype), (a,), {})


def copyto(dst: ndarray, src: Any, casting: str = "same_kind", where: ndarray | None = None) -> None:
    if isinstance(src, ndarray) and src.device.id != dst.device.id:
        device.refuse_in_capture("another device's array is copied")
        if where is not None or (src.dtype, src.shape) != (dst.dtype, dst.shape):
            raise ValueError("between devices arrays are copied as they are")
        counters.launch += 1
        dst._use(write=True)[...] = src._use(peer=True)
        return
    perform(np.copyto, Out(dst), src, casting=casting, where=True if where is None else where)


class _Function:
    """NumPy's function of the name, on what is inside the arrays."""

    def __init__(self, name: str):
        self._name = name
        self._function = getattr(np, name)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        names.bind("cupy", self._name, args, keywords)
        if self._name in WAITING:
            device.refuse_in_capture("the host reads")
            counters.sync += 1
        if self._name in MUTATING:
            return perform(self._function, Out(args[0]), *args[1:], **keywords)
        out = keywords.pop("out", None)
        return run(self._function, args, keywords, out)

    def at(self, a: ndarray, indices: Any, b: Any) -> None:
        if self._name != "add":
            raise NotImplementedError(f"{self._name}.at")
        perform(np.add.at, Out(a), indices, b)


def __getattr__(name: str) -> Any:
    names.require("cupy", name)
    if not callable(getattr(np, name, None)):
        raise AttributeError(f"the fake of CuPy has no {name}")
    return _Function(name)
