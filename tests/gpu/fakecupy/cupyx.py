"""The name `cupyx`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .array import PinnedArray
from .counting import counters


class DeviceSynchronized(RuntimeError):
    """The host has waited where it must not."""


@contextmanager
def allow_synchronize(allow: bool) -> Iterator[None]:
    before = counters.sync
    yield
    if not allow and counters.sync > before:
        raise DeviceSynchronized(f"{counters.sync - before} times")


def empty_pinned(shape: Any, dtype: Any = float, order: str = "C") -> PinnedArray:
    return np.empty(shape, dtype).view(PinnedArray)
