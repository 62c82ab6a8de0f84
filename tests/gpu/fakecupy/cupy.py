"""The name `cupy`. What is not defined here is NumPy's function of the name, if CuPy has it too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from . import cublas, device, names, nccl
from .array import bare, fresh, made, run
from .array import ndarray as ndarray
from .counting import counters
from .kernels import RawModule as RawModule

float32, float64, int32, int64, uint8, uint32, uint64, bool_ = (
    np.float32, np.float64, np.int32, np.int64, np.uint8, np.uint32, np.uint64, np.bool_
)  # fmt: skip
newaxis, nan, inf, pi = None, np.nan, np.inf, np.pi

WAITING = frozenset({"bincount", "nonzero", "flatnonzero", "argwhere", "unique"})
"""Functions whose result has a size that only the device knows."""

cuda = SimpleNamespace(
    Device=device.Device,
    Stream=device.Stream,
    Event=device.Event,
    get_current_stream=device.current_stream,
    cublas=cublas,
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
__version__ = names.tables()["version"]


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
    counters.h2d += 1
    counters.sync += 1
    return made(np.array(a, dtype, order="C"))


array = asarray


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> ndarray:
    counters.launch += 1
    return made(np.arange(start, stop, step, dtype) if stop is not None else np.arange(start, dtype=dtype))


def ascontiguousarray(a: ndarray, dtype: Any = None) -> ndarray:
    if a.flags.c_contiguous and (dtype is None or a.dtype == dtype):
        return a
    counters.copy += 1
    return run(lambda x: np.ascontiguousarray(x, dtype), (a,), {})


def copyto(dst: ndarray, src: Any, casting: str = "same_kind", where: ndarray | None = None) -> None:
    source, chosen = bare(src), True if where is None else bare(where)
    counters.launch += 1
    np.copyto(dst._use(write=True), source, casting=casting, where=chosen)


class _Function:
    """NumPy's function of the name, on what is inside the arrays."""

    def __init__(self, name: str):
        self._name = name
        self._function = getattr(np, name)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        names.bind("cupy", self._name, args, keywords)
        counters.sync += self._name in WAITING
        out = keywords.pop("out", None)
        return run(self._function, args, keywords, out)

    def at(self, a: ndarray, indices: Any, b: Any) -> None:
        if self._name != "add":
            raise NotImplementedError(f"{self._name}.at")
        inner = bare(indices), bare(b)
        counters.launch += 1
        np.add.at(a._use(write=True), *inner)


def __getattr__(name: str) -> Any:
    names.require("cupy", name)
    if not callable(getattr(np, name, None)):
        raise AttributeError(f"the fake of CuPy has no {name}")
    return _Function(name)
