"""The fake refuses what CuPy refuses, and what goes wrong on a GPU without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from netproto.ops import gpu_kernels
from netproto.ops.gpu import GpuOps

from . import fakecupy, shim
from .fakecupy import FakeGpuError, cupy, cupyx
from .fakecupy.device import Graph

HOST = np.arange(6, dtype=np.float32).reshape(2, 3)

REFUSED: dict[str, Callable[[Any], Any]] = {
    "becoming NumPy's": np.asarray,
    "device + host": lambda x: x + HOST,
    "host + device": lambda x: HOST + x,
    "NumPy's function": lambda x: np.exp(x),
    "CuPy's function on the host's array": lambda x: cupy.exp(HOST),
    "assigning the host's array": lambda x: x.__setitem__(slice(None), HOST),
    "assigning to the host's array": lambda x: HOST.copy().__setitem__(slice(None), x),
    "joining both": lambda x: cupy.concatenate([x, HOST]),
    "out of the host": lambda x: cupy.add(x, x, out=HOST.copy()),
    "a keyword that only NumPy has": lambda x: cupy.add(x, x, where=True),
    "a keyword that nobody has": lambda x: cupy.sum(x, axes=0),
    "a keyword of a method that nobody has": lambda x: x.sum(axes=0),
    "another type": lambda x: x.set(HOST.astype(np.float64)),
    "another shape": lambda x: x.set(HOST[:1]),
}


@pytest.fixture
def x() -> Any:
    with cupy.cuda.Device(0):
        yield cupy.asarray(HOST)


@pytest.mark.parametrize("what", REFUSED)
def test_host_and_device_do_not_mix(what: str, x: Any) -> None:
    with pytest.raises(TypeError):
        REFUSED[what](x)


@pytest.mark.parametrize("name", ["matvec", "errstate", "nowhere"])
def test_a_name_that_cupy_lacks(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(cupy, name)


def test_results_stay_on_the_device(x: Any) -> None:
    assert isinstance(x.sum(), cupy.ndarray)
    assert isinstance(2 - x, cupy.ndarray)
    assert isinstance(np.float32(2) * x, cupy.ndarray)
    np.testing.assert_array_equal((x @ x.T).get(), HOST @ HOST.T)


def test_fresh_memory_is_nan() -> None:
    assert np.isnan(cupy.empty((2, 3), "float32").get()).all()


def test_what_costs_time_is_counted(x: Any) -> None:
    with fakecupy.counting() as seen:
        y = x + x
        cupy.add(x, x, out=y)
        y.T.reshape(-1)
        float(y.sum())
    assert seen == fakecupy.Counters(alloc=3, launch=4, sync=1, h2d=0, d2h=1, copy=1)


def test_arrays_of_two_devices(x: Any) -> None:
    with cupy.cuda.Device(1):
        y = cupy.asarray(HOST)
    with pytest.raises(FakeGpuError, match="device 1"):
        x + y


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(FakeGpuError, match="invalid device"):
        cupy.cuda.Device(2)


def test_streams_wait_for_each_other(x: Any) -> None:
    first, second = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
    with first, pytest.raises(FakeGpuError, match="has not waited"):
        x * 2
    first.wait_event(cupy.cuda.get_current_stream().record())
    with first:
        y = x * 2
        done = first.record()
    with second, pytest.raises(FakeGpuError, match="has not waited"):
        y + 1
    second.wait_event(done)
    with second:
        y + 1


def test_pinned_memory_is_left_alone_while_it_is_copied(x: Any) -> None:
    pinned = cupyx.empty_pinned((2, 3), "float32")
    pinned[...] = 3
    x.set(pinned)
    done = cupy.cuda.get_current_stream().record()
    pinned[...] = 4
    with pytest.raises(FakeGpuError, match="pinned memory"):
        x.set(pinned)
    pinned[...] = 3
    assert done.done
    pinned[...] = 4
    x.set(pinned)


@pytest.fixture
def stream(x: Any) -> Iterator[Any]:
    """A stream that is being captured, and the current one."""
    stream = cupy.cuda.Stream(non_blocking=True)
    stream.wait_event(cupy.cuda.get_current_stream().record())
    with stream:
        stream.begin_capture()
        yield stream


def test_a_graph_does_again_what_was_asked_for(x: Any, stream: Any) -> None:
    number, place = np.float32(2), cupy.ndarray(np.zeros((), np.float32))
    cupy.multiply(x, number, out=x)
    x += place
    x[0] = 7
    graph = stream.end_capture()
    np.testing.assert_array_equal(x.get(), HOST)
    number = np.float32(5)
    for add, wanted in ((0, HOST * 2), (100, HOST * 4 + 100)):
        place.fill(add)
        with fakecupy.counting() as cost:
            graph.launch()
        assert (cost.launch, cost.node, cost.alloc) == (1, 3, 0)
        np.testing.assert_array_equal(x.get()[1], wanted[1])
        np.testing.assert_array_equal(x.get()[0], [7, 7, 7])


NOT_WHILE_CAPTURED: dict[str, Callable[[Any], Any]] = {
    "reading a number": float,
    "copying to the host": lambda x: x.get(),
    "copying from the host": lambda x: x.set(HOST),
    "an array of the host": lambda x: cupy.asarray(HOST),
    "taking memory": lambda x: x + x,
    "waiting for a stream": lambda x: cupy.cuda.get_current_stream().synchronize(),
    "waiting for an event": lambda x: cupy.cuda.Event().synchronize(),
    "waiting for the device": lambda x: cupy.cuda.Device().synchronize(),
    "choosing by a mask": lambda x: x[cupy.ndarray(HOST > 2)],
    "counting": lambda x: cupy.nonzero(x),
    "another stream's event": lambda x: cupy.cuda.get_current_stream().wait_event(cupy.cuda.Event()),
    "a graph in a graph": lambda x: Graph().launch(),
    "a second capture": lambda x: cupy.cuda.get_current_stream().begin_capture(),
}


@pytest.mark.parametrize("what", NOT_WHILE_CAPTURED)
def test_what_cannot_be_captured(what: str, x: Any, stream: Any) -> None:
    with pytest.raises(FakeGpuError, match="cudaError"):
        NOT_WHILE_CAPTURED[what](x)


def test_a_graph_that_was_spoiled(x: Any, stream: Any) -> None:
    with pytest.raises(FakeGpuError):
        x.get()
    with pytest.raises(FakeGpuError, match="Invalidated"):
        stream.end_capture()


def test_products_by_cupy_are_not_captured_and_those_of_the_library_are(x: Any, stream: Any, gpu_ops: Callable[..., GpuOps]) -> None:
    pool = cupy.cuda.MemoryPool()
    with cupy.cuda.using_allocator(pool.malloc):
        out = cupy.empty((2, 2), "float32")
    with pytest.raises(NotImplementedError, match="cuBLAS"):
        cupy.matmul(x, x.T, out=out)
    multiply = gpu_ops().gemm
    with pytest.raises(NotImplementedError, match="cuBLAS"):
        multiply(x, x, out, tb=True)
    with multiply.captured(stream):
        multiply(x, x, out, tb=True)
    graph = stream.end_capture()
    assert np.isnan(out._host).all()
    graph.launch()
    np.testing.assert_array_equal(out.get(), HOST @ HOST.T)


def test_a_graph_with_memory_of_its_own(x: Any, stream: Any) -> None:
    pool = cupy.cuda.MemoryPool()
    with cupy.cuda.using_allocator(pool.malloc):
        x += (x * x).sum()
    graph = stream.end_capture()
    graph.launch()
    np.testing.assert_array_equal(x.get(), HOST + (HOST * HOST).sum())
    del pool
    with pytest.raises(FakeGpuError, match="given back"):
        graph.launch()


def test_a_graph_whose_array_is_gone(x: Any, stream: Any) -> None:
    y = cupy.ndarray(HOST.copy())
    x += y
    graph = stream.end_capture()
    del y
    with pytest.raises(FakeGpuError, match="given back"):
        graph.launch()


def test_a_graph_waits_like_its_stream(x: Any, stream: Any) -> None:
    x += 1
    graph = stream.end_capture()
    other = cupy.cuda.Stream(non_blocking=True)
    with pytest.raises(FakeGpuError, match="has not waited"):
        graph.launch(other)


def test_the_default_stream_is_not_captured(x: Any) -> None:
    with pytest.raises(RuntimeError, match="default"):
        cupy.cuda.get_current_stream().begin_capture()


def test_what_is_read_is_not_overwritten(x: Any) -> None:
    first, second = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
    ready = cupy.cuda.get_current_stream().record()
    for stream in (first, second):
        stream.wait_event(ready)
    with first:
        x * 2
    with second:
        x + 1
        with pytest.raises(FakeGpuError, match="reads is overwritten"):
            x.fill(0)
        second.wait_event(first.record())
        x.fill(0)


def test_whom_another_has_waited_for_is_waited_for_too(x: Any) -> None:
    first, second, third = (cupy.cuda.Stream(non_blocking=True) for _ in range(3))
    first.wait_event(cupy.cuda.get_current_stream().record())
    with first:
        x.fill(3)
    second.wait_event(first.record())
    third.wait_event(second.record())
    with third:
        x.fill(4)


def test_products_stay_inside_device_memory(x: Any) -> None:
    arguments = [0, 0, 2, 2, 3, np.array(1, "f4").ctypes.data, x.data.ptr, 0, 2, 0, x.data.ptr, 0, 3, 0]
    out = np.zeros(4, np.float32)
    rest = [np.array(0, "f4").ctypes.data, out.ctypes.data, 0, 2, 0, 1, cupy.cuda.cublas.CUBLAS_COMPUTE_32F, -1]
    with pytest.raises(FakeGpuError, match="not in device memory"):
        cupy.cuda.cublas.gemmStridedBatchedEx(cupy.cuda.device.get_cublas_handle(), *arguments, *rest)


@pytest.mark.skipif(shim.COMPILER is None, reason=shim.NO_COMPILER)
@pytest.mark.parametrize("wrong", [0.5, np.float64(0.5), 1, HOST, None])
def test_kernels_take_what_they_declare(wrong: Any, x: Any) -> None:
    relu = cupy.RawModule(code=gpu_kernels.source("elementwise"), options=()).get_function("relu")
    relu((1,), (32,), (np.int32(6), x, np.float32(0.5), x))
    with pytest.raises((TypeError, shim.KernelError)):
        relu((1,), (32,), (np.int32(6), x, wrong, x))
