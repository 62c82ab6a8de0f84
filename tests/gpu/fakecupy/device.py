"""Devices, streams and events. Which device and which stream are current is each thread's own."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .counting import counters

COUNT = 2


class FakeGpuError(RuntimeError):
    """What would be an error, or silently wrong, on a GPU."""


Clock = dict[int, int]
"""How far some streams are known to have come: ticks by their ptr."""
_numbers = itertools.count(1)


@dataclass
class Copy:
    """A copy from pinned memory that may be under way: the memory must stay as it was."""

    buffer: np.ndarray
    before: bytes
    tick: int

    def check(self) -> None:
        if self.buffer.tobytes() != self.before:
            raise FakeGpuError("pinned memory was written while it was copied: wait for an event recorded after the copy")


class Graph:
    """What a stream was told while it was captured. All of it is kept as it was said: numbers, addresses, order."""

    def __init__(self) -> None:
        self.work: list[Callable[[], Any]] = []
        self.broken = False

    def launch(self, stream: Stream | None = None) -> None:
        refuse_in_capture("a graph is launched")
        counters.launch += 1
        counters.node += len(self.work)
        with stream or current_stream():
            for work in self.work:
                work()

    def upload(self, stream: Stream | None = None) -> None:
        refuse_in_capture("a graph is uploaded")


class Stream:
    """Runs everything at once, and knows what another stream may not see yet. It belongs to the device that is current when it is made.

    graph: what is being captured. seen: up to which of their ticks it has waited for other streams.
    """

    def __init__(self, null: bool = False, non_blocking: bool = False, ptds: bool = False, *, priority: int | None = None):
        self.is_null, self.non_blocking = null, non_blocking
        self.device = current_device()
        self.tick = 0
        self.seen: Clock = {}
        self.copies: list[Copy] = []
        self.graph: Graph | None = None
        self.ptr = next(_numbers)

    def __enter__(self) -> Stream:
        _current.streams.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        _current.streams.pop()

    def use(self) -> Stream:
        _current.streams[-1] = self
        return self

    def settle(self, tick: int) -> None:
        """All up to a tick is done."""
        for copy in self.copies:
            copy.check()
        self.copies = [copy for copy in self.copies if copy.tick > tick]

    @property
    def clock(self) -> Clock:
        """What an event that is recorded now tells of."""
        return {**self.seen, self.ptr: self.tick}

    def follows(self, other: Stream, tick: int) -> bool:
        """Whether what is queued now runs after another stream's tick."""
        paired = self.device == other.device and (self.is_null or other.is_null) and not (self.non_blocking or other.non_blocking)
        return other is self or paired or tick <= max(self.seen.get(other.ptr, 0), _current.known.get(other.ptr, 0))

    def synchronize(self) -> None:
        refuse_in_capture("the host waits")
        counters.sync += 1
        self.settle(self.tick)
        _learn(_current.known, self.clock)

    def begin_capture(self, mode: int | None = None) -> None:
        if self.is_null:
            raise RuntimeError("cannot capture on the default (legacy) stream")
        if self.graph is not None:
            raise FakeGpuError("cudaErrorIllegalState: the stream is captured already")
        self.graph = Graph()

    def end_capture(self) -> Graph:
        graph, self.graph = self.graph, None
        if graph is None or graph.broken:
            raise FakeGpuError("cudaErrorStreamCaptureInvalidated")
        return graph

    def is_capturing(self) -> bool:
        return self.graph is not None

    def record(self, event: Event | None = None) -> Event:
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        if self.graph is not None:
            raise FakeGpuError("cudaErrorStreamCaptureIsolation: a captured stream waits for an event of another")
        _learn(self.seen, event.clock)


class Event:
    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False):
        self.stream: Stream | None = None
        self.tick = 0
        self.clock: Clock = {}

    def record(self, stream: Stream | None = None) -> None:
        self.stream = stream or current_stream()
        if self.stream.graph is not None:
            raise NotImplementedError("the fake captures streams without events")
        self.tick, self.clock = self.stream.tick, self.stream.clock

    @property
    def done(self) -> bool:
        if self.stream is not None:
            self.stream.settle(self.tick)
        _learn(_current.known, self.clock)
        return True

    def synchronize(self) -> None:
        refuse_in_capture("the host waits")
        counters.sync += 1
        assert self.done


class _Current(threading.local):
    """devices, streams: the last of each is current; None is the null stream of the current device.

    known: what the thread has waited for.
    """

    def __init__(self) -> None:
        self.devices = [0]
        self.streams: list[Stream | None] = [None]
        self.known: Clock = {}


_current = _Current()


class Device:
    attributes: ClassVar[dict[str, int]] = {"MultiProcessorCount": 2, "MaxThreadsPerBlock": 1024}
    compute_capability = "90"
    mem_info = (3 << 30, 4 << 30)

    def __init__(self, device: int | None = None):
        self.id = current_device() if device is None else int(device)
        if not 0 <= self.id < COUNT:
            raise FakeGpuError("cudaErrorInvalidDevice: invalid device ordinal")

    def __enter__(self) -> Device:
        _current.devices.append(self.id)
        return self

    def __exit__(self, *exception: object) -> None:
        _current.devices.pop()

    def use(self) -> None:
        _current.devices[-1] = self.id

    def synchronize(self) -> None:
        current_stream().synchronize()


def current_stream(device_id: int = -1) -> Stream:
    return _current.streams[-1] or _null()


def current_device() -> int:
    return _current.devices[-1]


_nulls: dict[int, Stream] = {}


def _null() -> Stream:
    """The current device's."""
    return _nulls.setdefault(current_device(), Stream(null=True))


def refuse_in_capture(what: str) -> None:
    """Raise FakeGpuError, and spoil the graph, where the current stream is being captured."""
    graph = current_stream().graph
    if graph is not None:
        graph.broken = True
        raise FakeGpuError(f"cudaErrorStreamCaptureUnsupported: {what} while the stream is captured")


def _learn(clock: Clock, other: Clock) -> None:
    for stream, tick in other.items():
        clock[stream] = max(clock.get(stream, 0), tick)


@dataclass
class Written:
    """Who wrote to some memory last, and who has read it since."""

    stream: Stream | None = None
    tick: int = 0
    readers: dict[int, tuple[Stream, int]] = field(default_factory=dict)


def use(device: int, written: Written, *, write: bool, peer: bool = False) -> None:
    """An operation of the current stream reads, or writes, memory of a device. peer: of any device."""
    stream = current_stream()
    if device != current_device() and not peer:
        raise FakeGpuError(f"an array of device {device} is used on device {current_device()}")
    if stream.device != current_device():
        raise FakeGpuError(f"a stream of device {stream.device} is used on device {current_device()}")
    if written.stream is not None and not stream.follows(written.stream, written.tick):
        raise FakeGpuError("what one stream has written is used on another that has not waited for an event of the first")
    stream.tick += 1
    if not write:
        written.readers[stream.ptr] = stream, stream.tick
        return
    if not all(stream.follows(*reader) for reader in written.readers.values()):
        raise FakeGpuError("what one stream reads is overwritten on another that has not waited for an event of the first")
    written.stream, written.tick = stream, stream.tick
    written.readers.clear()


def properties(device: int) -> dict[str, Any]:
    return {"name": b"Fake GPU", "totalGlobalMem": 4 << 30, "major": 9, "minor": 0, "multiProcessorCount": 2}
