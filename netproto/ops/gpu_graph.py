"""CUDA graphs: a pass that was asked for once, and that the GPU goes through again at a single call."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..errors import DeviceError
from .gpu_arrays import GpuArrays
from .reference.arrays import Array


class NotCaptured(DeviceError):
    """An operation that cannot be part of a graph: it waits for the device."""


class GraphRecording:
    """A graph, and what it works with, which stays even if all others have let go of it.

    later: where draws find how many passes ago they were recorded; None if nothing is drawn. memory: what passing arrays are made of, and
    workspaces.
    """

    def __init__(self, graph: Any, later: Array | None, memory: tuple[Any, ...]):
        self._graph, self._later, self._memory = graph, later, memory

    def replay(self, later: int = 0) -> None:
        if self._later is not None:
            self._later.fill(later)
        self._graph.launch()


class GpuGraph(GpuArrays):
    """Recording on one GPU."""

    _draws: bool

    def record(self, function: Callable[[], None]) -> GraphRecording:
        later = self.xp.zeros((), "uint64")
        stream, pool = self.xp.cuda.Stream(non_blocking=True), self.xp.cuda.MemoryPool()
        self._later, self._draws = later, False
        try:
            with stream, self.xp.cuda.using_allocator(pool.malloc), self.gemm.captured(stream):
                graph = self._captured(stream, function)
        finally:
            self._later = None
        return GraphRecording(graph, later if self._draws else None, (pool, *self._scratch.values()))

    def later(self) -> Array | None:
        self._draws = True
        return super().later()

    def _captured(self, stream: Any, function: Callable[[], None]) -> Any:
        stream.begin_capture()
        try:
            function()
        except BaseException as error:
            with suppress(RuntimeError):  # the error has spoiled the graph, too
                stream.end_capture()
            if isinstance(error, RuntimeError):  # as CuPy's are, and those of what it does not know how to capture
                raise NotCaptured(str(error).splitlines()[0]) from error
            raise
        return stream.end_capture()
