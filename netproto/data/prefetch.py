"""Batches that are ready before they are asked for: worker threads fill a bounded number of buffers that are used over and over.

What is in a batch depends on the source, the key and the position alone, not on how many threads there are or how fast they run.
"""

from __future__ import annotations

import threading
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from ..errors import DataError, Place
from ..ops.cpu_kernels.workers import core_count
from .source import Record, Source

Shape = tuple[int, ...]
Allocate = Callable[[int], np.ndarray]
MOST_THREADS = 8
LARGEST_CHUNK = 16


class Loader(ABC):
    """Turns records into arrays. Several threads use it at once.

    path: the source's. key: of the random draws that it makes for a record, with the record's ordinal. raw: whether it may leave to others
    what can be done with a whole batch.
    """

    path = ""
    key = 0
    raw = False

    @abstractmethod
    def shapes(self, first: Record) -> list[Shape]:
        """The shapes of one record's arrays, told by the first record of a batch. Raises DataError."""

    def batch_shapes(self, records: Sequence[Record], batch_size: int) -> list[Shape]:
        """The shapes of a batch of these records, or of one that begins with them. Raises DataError."""
        return [(batch_size, *shape) for shape in self.shapes(records[0])]

    def dtypes(self, first: Record) -> Sequence[str]:
        """The types of the arrays of a batch that begins with this record; none for float32."""
        return ()

    @abstractmethod
    def fill(self, records: Sequence[Record], arrays: Sequence[np.ndarray], start: int) -> None:
        """Fill arrays[k][start + i] from records[i]. Raises DataError."""

    def named(self, error: DataError, record: Record) -> DataError:
        """The error with the record's name, unless it names a file."""
        return error if error.place else DataError(f"record {record.name!r} {error.what}", place=Place(self.path), hint=error.hint)


class RecordLoader(Loader):
    """A loader that takes one record at a time."""

    @abstractmethod
    def load(self, record: Record, out: Sequence[np.ndarray]) -> None:
        """Fill one record's arrays; a single number is an array of one. Raises DataError."""

    def fill(self, records: Sequence[Record], arrays: Sequence[np.ndarray], start: int) -> None:
        for i, record in enumerate(records, start):
            try:
                self.load(record, [array[i] if array.ndim > 1 else array[i : i + 1] for array in arrays])
            except DataError as error:
                raise self.named(error, record) from error


class Batch:
    """One buffer of the queue: `arrays`, one for each top, batch axis first. state: where the source stood after the batch was read."""

    def __init__(self, allocate: Allocate):
        self.arrays: list[np.ndarray] = []
        self.state: dict[str, Any] = {}
        self.errors: list[tuple[int, Exception]] = []
        self.unfilled = 0
        self._allocate = allocate
        self._stores: list[np.ndarray] = []

    @property
    def is_raw(self) -> bool:
        """Whether the first arrays are pixels and windows."""
        return self.arrays[0].dtype == np.uint8

    def prepare(self, shapes: Sequence[Shape], dtypes: Sequence[str] = ()) -> None:
        """Take on shapes and types, float32 where none are given; memory grows, and is kept."""
        types = [np.dtype(dtype) for dtype in dtypes or ["float32"] * len(shapes)]
        counts = [prod(shape) * dtype.itemsize for shape, dtype in zip(shapes, types, strict=False)]
        for k, count in enumerate(counts):
            if k == len(self._stores) or self._stores[k].nbytes < count:
                self._stores[k : k + 1] = [self._allocate(-(-count // 4))]
        given = zip(self._stores, types, shapes, strict=False)
        self.arrays = [store.view(dtype)[: prod(shape)].reshape(shape) for store, dtype, shape in given]


def batch_shapes(loader: Loader, records: Sequence[Record], batch_size: int) -> list[Shape]:
    """The shapes of a batch that begins with these records. Raises DataError."""
    try:
        return loader.batch_shapes(records, batch_size)
    except DataError as error:
        raise loader.named(error, records[0]) from error


class Prefetcher:
    """Batches of a source's records, in order.

    depth: how many batches may be ready or in the making. threads: how many fill them; None: one for each core, as many as help.
    allocate: gives flat float32 memory for so many values; pinned memory, if batches go to a device.
    """

    def __init__(
        self,
        source: Source,
        loader: Loader,
        batch_size: int,
        *,
        depth: int = 2,
        threads: int | None = None,
        allocate: Allocate = lambda count: np.empty(count, np.float32),
    ):
        self.source, self.loader, self.batch_size = source, loader, batch_size
        loader.path = source.path
        self.depth, self.threads, self.allocate = depth, threads or default_threads(), allocate
        self._state = source.state()
        self._queue: _Queue | None = None
        self._finalizer: Callable[[], Any] | None = None

    def first_shapes(self) -> list[Shape]:
        """The shapes of the next batch, told by its first record, which is not taken. Raises DataError."""
        state = self.source.state()
        try:
            return batch_shapes(self.loader, [self.source.take()], self.batch_size)
        finally:
            self.source.restore(state)

    def deal(self, rank: int, ranks: int) -> None:
        """Give only the records of this rank. Has no effect once batches were fetched."""
        if self._queue is None:
            self.source.deal(rank, ranks)

    def leave_pixels(self, leave: bool) -> None:
        """Let who takes the batches transform pictures, where the loader can leave that. Has no effect once batches were fetched."""
        if self._queue is None:
            self.loader.raw = leave

    def next(self, key: int = 0) -> Batch:
        """The next batch, to be given back with `release`. key: of all random draws; with another than before, what was fetched is dropped.

        Raises DataError for a record that cannot be used.
        """
        if self._queue is None or key != self.loader.key:
            self._start(key)
        assert self._queue is not None
        batch = self._queue.next()
        self._state = batch.state
        return batch

    def release(self, batch: Batch) -> None:
        """Let the batch's buffer be filled anew."""
        if self._queue is not None:
            self._queue.release(batch)

    def state(self) -> dict[str, Any]:
        """Where the source stood after the last batch that `next` gave."""
        return self._state

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._stop()
        self.source.restore(state)
        self._state = self.source.state()

    def close(self) -> None:
        """Stop the threads and let go of the source."""
        self._stop()
        self.source.close()

    def _start(self, key: int) -> None:
        if self._queue is not None:
            self.restore(self._state)
        self.loader.key = self.source.key = key
        self._queue = _Queue(self.source, self.loader, self.batch_size, [Batch(self.allocate) for _ in range(self.depth)])
        self._finalizer = weakref.finalize(self, self._queue.close)
        self._queue.start(self.threads)

    def _stop(self) -> None:
        if self._finalizer is not None:
            self._finalizer()
        self._queue = self._finalizer = None


class _Queue:
    """What the threads share. They know it and not the Prefetcher, so that one nobody needs any more ends them."""

    def __init__(self, source: Source, loader: Loader, batch_size: int, buffers: list[Batch]):
        self.source, self.loader, self.batch_size = source, loader, batch_size
        self.free = deque(buffers)
        self.ordered: deque[Batch] = deque()  # as they will be given
        self.chunks: deque[tuple[Batch, list[Record], int]] = deque()  # records that are read and not yet loaded
        self.reading = False  # one thread at a time reads from the source
        self.broken = False  # after an error nothing more is read
        self.closing = False
        self.changed = threading.Condition()
        self.threads: list[threading.Thread] = []

    def start(self, count: int) -> None:
        self.threads = [threading.Thread(target=self._work, name=f"netproto-data-{i}", daemon=True) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def next(self) -> Batch:
        with self.changed:
            self.changed.wait_for(lambda: self.ordered and not self.ordered[0].unfilled)
            batch = self.ordered[0]
            if batch.errors:
                raise min(batch.errors, key=lambda entry: entry[0])[1]
            return self.ordered.popleft()

    def release(self, batch: Batch) -> None:
        with self.changed:
            self.free.append(batch)
            self.changed.notify_all()

    def close(self) -> None:
        with self.changed:
            self.closing = True
            self.changed.notify_all()
        for thread in self.threads:
            if thread is not threading.current_thread():
                thread.join()

    def _work(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.closing or self.chunks or self._may_read())
                if self.closing:
                    return
                work = self.chunks.popleft() if self.chunks else None
                if work is None:
                    self.reading = True
                    buffer = self.free.popleft()
            if work is None:
                self._read(buffer)
            else:
                self._load(*work)

    def _may_read(self) -> bool:
        return bool(self.free) and not self.reading and not self.broken

    def _read(self, batch: Batch) -> None:
        """Take a batch's records from the source and lay them out as chunks."""
        chunks: list[tuple[Batch, list[Record], int]] = []
        batch.errors = []
        try:
            records = [self.source.take() for _ in range(self.batch_size)]
            batch.prepare(batch_shapes(self.loader, records, self.batch_size), self.loader.dtypes(records[0]))
            batch.state = self.source.state()
            step = max(1, min(LARGEST_CHUNK, -(-self.batch_size // len(self.threads))))
            chunks = [(batch, records[i : i + step], i) for i in range(0, self.batch_size, step)]
        except Exception as error:
            batch.errors.append((-1, error))
        with self.changed:
            batch.unfilled = len(chunks)
            self.ordered.append(batch)
            self.chunks.extend(chunks)
            self.broken |= bool(batch.errors)
            self.reading = False
            self.changed.notify_all()

    def _load(self, batch: Batch, records: list[Record], start: int) -> None:
        failed: Exception | None = None
        try:
            self.loader.fill(records, batch.arrays, start)
        except Exception as error:
            failed = error
        with self.changed:
            if failed is not None:
                batch.errors.append((start, failed))
                self.broken = True
            batch.unfilled -= 1
            if not batch.unfilled:
                self.changed.notify_all()


def default_threads() -> int:
    """One for each core that may be used, at most 8."""
    return min(core_count(), MOST_THREADS)
