"""cupy.ndarray: NumPy's in a box that nothing gets out of by itself."""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import names
from .counting import counters
from .device import Copy, Device, FakeGpuError, Graph, Stream, Written, current_device, current_stream, refuse_in_capture, use

_memory: dict[int, weakref.WeakValueDictionary[int, np.ndarray]] = defaultdict(weakref.WeakValueDictionary)
"""Everything that was allocated on each device and is alive, by address."""
_remembering = threading.Lock()


class PinnedArray(np.ndarray):
    """Memory of the host that is copied while the host goes on."""


class ndarray:
    """host: the numbers. None of CuPy's ways to make one: use `fresh`, or the functions of the library."""

    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, host: np.ndarray, written: Written | None = None, device: int | None = None):
        self._host = host
        self._written = written or Written()
        self._device = current_device() if device is None else device

    def __array__(self, *args: Any, **keywords: Any) -> np.ndarray:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array explicitly.")

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: self._host.flags)
    T = property(lambda self: self._view(self._host.T))
    device = property(lambda self: Device(self._device))
    data = property(lambda self: SimpleNamespace(ptr=self._host.ctypes.data))

    def _view(self, host: np.ndarray) -> ndarray:
        return ndarray(host, self._written, self._device)

    def _use(self, *, write: bool = False, peer: bool = False) -> np.ndarray:
        use(self._device, self._written, write=write, peer=peer)
        return self._host

    # -- views ---------------------------------------------------------------------------------------------------------------

    def reshape(self, *shape: Any, order: str = "C") -> ndarray:
        seen = self._host.reshape(*shape, order=order)
        if seen.size and not np.shares_memory(seen, self._host):
            counters.copy += 1
            return run(lambda x: x.reshape(*shape, order=order), (self,), {})
        return self._view(seen)

    def ravel(self) -> ndarray:
        return self.reshape(-1)

    def transpose(self, *axes: Any) -> ndarray:
        return self._view(self._host.transpose(*axes))

    def swapaxes(self, a: int, b: int) -> ndarray:
        return self._view(self._host.swapaxes(a, b))

    def view(self, dtype: Any = None) -> ndarray:
        return self._view(self._host.view(dtype) if dtype else self._host.view())

    def __getitem__(self, index: Any) -> ndarray:
        inner = _unused(index)
        if _is_mask(inner):
            refuse_in_capture("the host reads")
            counters.sync += 1
        found = np.asarray(self._host[inner])
        if found.size and np.shares_memory(found, self._host):
            return self._view(found)
        return run(lambda x, i: np.asarray(x[i]), (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        perform(_assign, Out(self), index, value)

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Iterator[ndarray]:
        return (self[i] for i in range(len(self)))

    # -- to and from the host ------------------------------------------------------------------------------------------------

    def set(self, arr: np.ndarray, stream: Stream | None = None) -> None:
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype or arr.shape != self.shape:
            raise TypeError(f"{arr.dtype} array of {arr.shape} cannot be set to {self.dtype} array of {self.shape}")
        if not self.flags.c_contiguous:
            raise RuntimeError("Cannot set to non-contiguous array")
        refuse_in_capture("an array of the host is copied")
        counters.h2d += 1
        stream = stream or current_stream()
        for copy in stream.copies:
            copy.check()
        with stream:
            self._use(write=True)[...] = np.asarray(arr)
        if isinstance(arr, PinnedArray):
            stream.copies.append(Copy(arr, arr.tobytes(), stream.tick))
        else:
            counters.sync += 1

    def get(self, stream: Stream | None = None, order: str = "C", out: np.ndarray | None = None, blocking: bool = True) -> np.ndarray:
        refuse_in_capture("the host reads")
        counters.d2h += 1
        counters.sync += 1
        host = self._use()
        if out is None:
            return host.copy(order)
        out[...] = host
        return out

    def item(self) -> Any:
        return self.get().item()

    def tolist(self) -> Any:
        return self.get().tolist()

    def __float__(self) -> float:
        return float(self.get().item())

    def __int__(self) -> int:
        return int(self.get().item())

    def __index__(self) -> int:
        return int(self.get().item())

    def __bool__(self) -> bool:
        return bool(self.get())

    def __format__(self, specification: str) -> str:
        return format(self.get().item() if specification else self, specification) if specification else repr(self)

    def __repr__(self) -> str:
        return f"fakecupy.{self._host!r}"

    # -- results -------------------------------------------------------------------------------------------------------------

    def fill(self, value: Any) -> None:
        perform(np.ndarray.fill, Out(self), value)

    def astype(self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: Any = None, copy: bool = True) -> ndarray:
        if not copy and self.dtype == dtype:
            return self
        return run(lambda x: x.astype(dtype), (self,), {})

    def copy(self, order: str = "C") -> ndarray:
        return run(lambda x: x.copy(order), (self,), {})


def fresh(shape: Any, dtype: Any) -> ndarray:
    """New memory, all bits set: NaN."""
    host = np.empty(shape, dtype)
    host.reshape(-1).view(np.uint8)[...] = 0xFF
    return made(host)


def made(host: np.ndarray) -> ndarray:
    """A new array of the device with these numbers."""
    base = _root(host)
    memory = _allocators.using[-1](host.nbytes) if _allocators.using else None
    if memory is None:
        refuse_in_capture("memory that is not the graph's own is taken")
    else:
        memory.append(base)
    counters.alloc += 1
    with _remembering:
        _memory[current_device()][base.ctypes.data] = base
    array = ndarray(host)
    if current_stream().graph is None:
        array._use(write=True)
    return array


def at(address: int, size: int) -> np.ndarray:
    """So many bytes of the current device's memory. Raises FakeGpuError where they are not all in one allocation."""
    with _remembering:
        alive = list(_memory[current_device()].items())
    for start, array in alive:
        if start <= address and address + size <= start + array.nbytes:
            return array.reshape(-1).view(np.uint8)[address - start : address - start + size]
    raise FakeGpuError(f"{size} bytes at {address:#x} are not in device memory")


class _Allocators(threading.local):
    """using: what memory is asked for within `using_allocator`."""

    def __init__(self) -> None:
        self.using: list[Callable[[int], list[np.ndarray]]] = []


_allocators = _Allocators()


class MemoryPool:
    """Keeps the memory of all arrays that were made of it."""

    def __init__(self) -> None:
        self._given: list[np.ndarray] = []

    def malloc(self, size: int) -> list[np.ndarray]:
        return self._given


@contextmanager
def using_allocator(allocator: Callable[[int], list[np.ndarray]]) -> Iterator[None]:
    _allocators.using.append(allocator)
    try:
        yield
    finally:
        _allocators.using.pop()


@dataclass(frozen=True)
class Out:
    """Stands for an array that is written."""

    array: ndarray


@dataclass(frozen=True)
class Held:
    """What a graph keeps of an array: its address, not its memory."""

    root: weakref.ReferenceType[np.ndarray]
    offset: int
    layout: tuple[Any, ...]
    written: Written
    device: int
    write: bool

    @classmethod
    def of(cls, array: ndarray, *, write: bool) -> Held:
        host, root = array._host, _root(array._host)
        offset = host.ctypes.data - root.ctypes.data
        return cls(weakref.ref(root), offset, (host.shape, host.dtype, host.strides), array._written, array._device, write)

    def bare(self) -> np.ndarray:
        root = self.root()
        if root is None:
            raise FakeGpuError("a graph uses memory that was given back after it was captured")
        use(self.device, self.written, write=self.write)
        shape, dtype, strides = self.layout
        return np.ndarray(shape, dtype, root.reshape(-1).view(np.uint8), self.offset, strides)


def _root(host: np.ndarray) -> np.ndarray:
    """The array whose memory a view looks at."""
    while isinstance(host.base, np.ndarray):
        host = host.base
    return host


def bare(value: Any) -> Any:
    """What is inside device arrays, in sequences and slices too. Raises TypeError for arrays of the host."""
    if isinstance(value, ndarray):
        return value._use()
    if isinstance(value, Out):
        return value.array._use(write=True)
    if isinstance(value, Held):
        return value.bare()
    return _inside(bare, value)


def _held(value: Any) -> Any:
    """The same with what a graph keeps of device arrays."""
    if isinstance(value, ndarray):
        return Held.of(value, write=False)
    if isinstance(value, Out):
        return Held.of(value.array, write=True)
    return _inside(_held, value)


def _unused(value: Any) -> Any:
    """What is inside device arrays, for a look that may be no use of the device."""
    return value._host if isinstance(value, ndarray) else _inside(_unused, value)


def _inside(function: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>: an array of the host where one of the device is wanted")
    if isinstance(value, list | tuple):
        return type(value)(function(v) for v in value)
    if isinstance(value, dict):
        return {name: function(v) for name, v in value.items()}
    return value


def perform(function: Callable[..., Any], *operands: Any, **keywords: Any) -> Any:
    """One launch of a function on what is inside its operands: now, or each time that the graph is launched that is being captured."""
    graph = current_stream().graph
    if graph is None:
        counters.launch += 1
        with np.errstate(all="ignore"):
            return function(*bare(operands), **bare(keywords))
    held, named = _held(operands), _held(keywords)

    def work() -> None:
        with np.errstate(all="ignore"):
            function(*bare(held), **bare(named))

    graph.work.append(work)
    return None


def _assign(array: np.ndarray, index: Any, value: Any) -> None:
    array[index] = value


NOT_CAPTURED = frozenset({"dot", "einsum", "inner", "matmul", "tensordot", "vdot"})
"""Functions that call cuBLAS, which CuPy refuses to do while a stream is captured."""


def run(function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], out: ndarray | None = None) -> Any:
    """One launch of a function on what is inside the arrays."""
    if current_stream().graph is not None and function.__name__ in NOT_CAPTURED:
        raise NotImplementedError("calling cuBLAS API during stream capture is currently unsupported")
    if out is not None:
        if not isinstance(out, ndarray):
            raise TypeError("out must be an array of the device")
        perform(function, *args, **keywords, out=Out(out))
        return out
    graph, inner = current_stream().graph, _unused(args)
    with np.errstate(all="ignore"):
        result = _boxed(function(*inner, **_unused(keywords)), inner)
    if graph is None:
        bare((args, keywords))
        counters.launch += 1
    else:
        made_now = [array for array in (result if isinstance(result, tuple | list) else [result]) if isinstance(array, ndarray)]
        if not any(_is_view(array._host, inner) for array in made_now):
            _keep(graph, function, args, keywords, [Out(array) for array in made_now])
    return result


def _keep(graph: Graph, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], results: list[Out]) -> None:
    """Let each launch of the graph write a function's results to where they were when it was captured."""
    held, named, outs = _held(args), _held(keywords), _held(results)

    def work() -> None:
        with np.errstate(all="ignore"):
            found = function(*bare(held), **bare(named))
        for out, value in zip(outs, found if isinstance(found, tuple | list) else [found], strict=True):
            out.bare()[...] = value

    graph.work.append(work)


def _boxed(result: Any, inputs: tuple[Any, ...]) -> Any:
    if isinstance(result, tuple | list):
        return type(result)(_boxed(r, inputs) for r in result)
    if not isinstance(result, np.ndarray | np.generic):
        return result
    host = np.asarray(result)
    return ndarray(host) if _is_view(host, inputs) else made(host)


def _is_view(host: np.ndarray, inputs: tuple[Any, ...]) -> bool:
    return any(isinstance(i, np.ndarray) and np.shares_memory(i, host) for i in inputs)


def _is_mask(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, np.ndarray) and part.dtype == bool for part in parts)


def _method(name: str) -> Callable[..., Any]:
    def method(self: ndarray, *args: Any, **keywords: Any) -> Any:
        names.bind("ndarray", name, args, keywords)
        out = keywords.pop("out", None)
        return run(getattr(np, name), (self, *args), keywords, out)

    return method


for _name in ("sum", "mean", "max", "min", "argmax", "argmin", "any", "all", "prod", "clip", "cumsum", "dot", "var", "std"):
    setattr(ndarray, _name, _method(_name))


def _operator(ufunc: str, *, swapped: bool = False, in_place: bool = False) -> Callable[..., Any]:
    function = getattr(np, ufunc)

    def operator(self: ndarray, other: Any) -> Any:
        return run(function, (other, self) if swapped else (self, other), {}, self if in_place else None)

    return operator


OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide", "mod": "remainder", "pow": "power",
    "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
for _name, _ufunc in OPERATORS.items():
    setattr(ndarray, f"__{_name}__", _operator(_ufunc))
    setattr(ndarray, f"__r{_name}__", _operator(_ufunc, swapped=True))
    setattr(ndarray, f"__i{_name}__", _operator(_ufunc, in_place=True))
for _name, _ufunc in {"eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}.items():
    setattr(ndarray, f"__{_name}__", _operator(_ufunc))


def _unary(ufunc: str) -> Callable[..., Any]:
    return lambda self: run(getattr(np, ufunc), (self,), {})


for _name, _ufunc in {"neg": "negative", "invert": "invert", "abs": "absolute"}.items():
    setattr(ndarray, f"__{_name}__", _unary(_ufunc))
