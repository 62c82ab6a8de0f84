"""Devices, streams and events. Which device and which stream are current is each thread's own."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .counting import counters

COUNT = 2


class FakeGpuError(RuntimeError):
    """What would be an error, or silently wrong, on a GPU."""


@dataclass
class Copy:
    """A copy from pinned memory that may be under way: the memory must stay as it was."""

    buffer: np.ndarray
    before: bytes
    tick: int

    def check(self) -> None:
        if self.buffer.tobytes() != self.before:
            raise FakeGpuError("pinned memory was written while it was copied: wait for an event recorded after the copy")


class Stream:
    """Runs everything at once, and knows what another stream may not see yet. It belongs to the device that is current when it is made."""

    def __init__(self, null: bool = False, non_blocking: bool = False, ptds: bool = False, *, priority: int | None = None):
        self.non_blocking = non_blocking
        self.device = current_device()
        self.tick = 0
        self.seen: dict[int, int] = {}
        self.copies: list[Copy] = []
        self.ptr = id(self)

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

    def synchronize(self) -> None:
        counters.sync += 1
        self.settle(self.tick)
        for other in {id(s): s for s in (*_current.streams, *_nulls.values()) if s is not None}.values():
            other.seen[id(self)] = self.tick

    def record(self, event: Event | None = None) -> Event:
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        if event.stream is not None:
            self.seen[id(event.stream)] = max(self.seen.get(id(event.stream), 0), event.tick)


class Event:
    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False):
        self.stream: Stream | None = None
        self.tick = 0

    def record(self, stream: Stream | None = None) -> None:
        self.stream = stream or current_stream()
        self.tick = self.stream.tick

    @property
    def done(self) -> bool:
        if self.stream is not None:
            self.stream.settle(self.tick)
        return True

    def synchronize(self) -> None:
        counters.sync += 1
        if self.stream is not None:
            self.stream.settle(self.tick)


class _Current(threading.local):
    """devices, streams: the last of each is current; None is the null stream of the current device."""

    def __init__(self) -> None:
        self.devices = [0]
        self.streams: list[Stream | None] = [None]


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


@dataclass
class Written:
    """Who wrote to some memory last."""

    stream: Stream | None = None
    tick: int = 0


def use(device: int, written: Written, *, write: bool) -> None:
    """An operation of the current stream reads, or writes, memory of a device."""
    stream = current_stream()
    if device != current_device():
        raise FakeGpuError(f"an array of device {device} is used on device {current_device()}")
    if stream.device != device:
        raise FakeGpuError(f"a stream of device {stream.device} is used on device {device}")
    writer = written.stream
    apart = writer is not None and writer is not stream and (writer.non_blocking or stream.non_blocking)
    if apart and written.tick > stream.seen.get(id(writer), 0):
        raise FakeGpuError("what one stream has written is used on another that has not waited for an event of the first")
    if write:
        stream.tick += 1
        written.stream, written.tick = stream, stream.tick


def properties(device: int) -> dict[str, Any]:
    return {"name": b"Fake GPU", "totalGlobalMem": 4 << 30, "major": 9, "minor": 0, "multiProcessorCount": 2}
