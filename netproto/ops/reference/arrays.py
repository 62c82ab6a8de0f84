"""Where arrays come from and go to: what every family of operations stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any, ClassVar, Protocol

import numpy

from ...errors import DeviceError

Array = Any  # numpy.ndarray or cupy.ndarray
Number = Any  # a float, or an Array of shape () that holds one


class Recording(Protocol):
    """Operations that were asked for once, and can be had again with the same arrays."""

    def replay(self, later: int = 0) -> None:
        """Queue them. later: how many passes ago they were recorded, by which the ordinal of each draw is higher."""


class Arrays:
    """Array management of one backend.

    xp: the array library. dtype: that of the net's real numbers, float32 or float64.
    """

    xp: ClassVar[Any] = numpy
    asynchronous: ClassVar[bool] = False
    """Whether operations are queued, so that to read a number is to wait."""

    def __init__(self, dtype: str = "float32"):
        self.dtype = numpy.dtype(dtype)
        self._scratch: dict[tuple[str, str], Array] = {}

    def zeros(self, shape: Sequence[int], dtype: str = "real") -> Array:
        return self.xp.zeros(tuple(shape), self._real(dtype))

    def empty(self, shape: Sequence[int], dtype: str = "real") -> Array:
        return self.xp.empty(tuple(shape), self._real(dtype))

    def asarray(self, host: Any, dtype: str = "real") -> Array:
        """The host's numbers as a C-contiguous array of this backend; no copy where it is one already."""
        return self.xp.ascontiguousarray(self.xp.asarray(host, self._real(dtype)))

    def to_host(self, array: Array) -> numpy.ndarray:
        """The array as numpy's; no copy where it is already."""
        return numpy.asarray(array)

    def upload(self, host: Any, dst: Array) -> None:
        """dst = the host's numbers, equally many. The host's memory may be used anew at once."""
        self.copy(numpy.asarray(host).reshape(dst.shape), dst)

    def activate(self) -> None:
        """Let the thread compute here from now on, where it uses several devices in turn."""

    def receive(self, src: Array, giver: Arrays, dst: Array) -> None:
        """dst = src, which is another backend's of the same kind, when that one has made it; it goes on when this has it."""
        self.copy(src, dst)

    def wait(self) -> None:
        """Until all that was asked for is done."""

    @contextmanager
    def checked(self) -> Iterator[None]:
        """Within it operations look for values that cannot be, such as labels that are no class, even where that means to wait."""
        yield

    def record(self, function: Callable[[], None]) -> Recording:
        """The operations that a function asks for, which are not done yet.

        Numbers that it hands over are those of its call; what changes from replay to replay is in arrays. Raises DeviceError where there is
        no way to do so, or the function waits for the device.
        """
        raise DeviceError("the CPU's operations cannot be captured", hint="--cuda-graph wants --gpu")

    def side_by_side(self, tasks: Sequence[Callable[[], object]]) -> None:
        """Do tasks of the host that do not depend on each other, in an order that may be any. Raises what the first that failed raised."""
        for task in tasks:
            task()

    def fill(self, x: Array, value: float) -> None:
        x.fill(value)

    def copy(self, src: Array, dst: Array) -> None:
        """dst = src; equal shapes."""
        self.xp.copyto(dst, src)

    def dot(self, a: Array, b: Array) -> Any:
        """The sum of a * b over equal counts, a scalar of the backend."""
        return self.xp.dot(a.reshape(-1), b.reshape(-1))

    def add_dot(self, a: Array, b: Array, total: Array) -> None:
        """total (shape ()) += the sum of a * b over equal counts."""
        total += self.dot(a, b)

    def mean_abs(self, x: Array) -> float:
        """The mean absolute value, 0 for an empty array."""
        return float(self.xp.abs(x).mean()) if x.size else 0.0

    def all_finite(self, x: Array) -> bool:
        """Whether no element is NaN or infinite."""
        return bool(self.xp.isfinite(x).all())

    def scratch(self, name: str, shape: Sequence[int], dtype: str = "real") -> Array:
        """A named workspace, C-contiguous, shared by all layers: what it holds is lost between operations.

        It is taken once and grows to the largest shape asked for, so that a training iteration allocates nothing.
        """
        count = prod(shape)
        store = self._scratch.get((name, dtype))
        if store is None or store.size < count:
            store = self._scratch[name, dtype] = self.empty((count,), dtype)
        return store[:count].reshape(tuple(shape))

    def _real(self, dtype: str) -> Any:
        return self.dtype if dtype == "real" else numpy.dtype(dtype)
