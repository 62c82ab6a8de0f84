"""What costs time on a device, counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields


@dataclass
class Counters:
    """alloc: arrays made. launch: kernels, and graphs. sync: the host waits. h2d, d2h: copies to and from the device.

    copy: copies nobody asked for. node: kernels of the graphs that were launched.
    """

    alloc: int = 0
    launch: int = 0
    sync: int = 0
    h2d: int = 0
    d2h: int = 0
    copy: int = 0
    node: int = 0

    def __sub__(self, other: Counters) -> Counters:
        return Counters(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))


counters = Counters()


@contextmanager
def counting() -> Iterator[Counters]:
    """Counts what happens within the block; complete at its end."""
    before = Counters(**vars(counters))
    counted = Counters()
    yield counted
    vars(counted).update(vars(counters - before))
