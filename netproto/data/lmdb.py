"""LMDB databases, read without locks; and written for the tools.

Caffe: src/caffe/util/db_lmdb.cpp. Records come in the order of their keys' bytes, which is nearly always that of the file: with the
system's reading ahead, a disk gives ten times as many records a second.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Iterable
from typing import Any

import lmdb

from ..errors import DataError, Place
from .source import Record, Source

log = logging.getLogger(__name__)

FIRST_MAP_SIZE = 1 << 24
"""Bytes of the map that a database being written begins with; it doubles as needed."""

_open_environments: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
_opening = threading.Lock()


class Environment:
    """An open database. LMDB takes each once in a process, so all sources of one path share it."""

    def __init__(self, path: str):
        self.path = path
        try:
            self.handle = lmdb.open(path, subdir=os.path.isdir(path), readonly=True, lock=False, readahead=True)
        except (lmdb.Error, OSError) as error:
            raise _why_not(path, error) from error
        try:
            info, stat = self.handle.info(), self.handle.stat()
            self.entries = int(stat["entries"])
            self._check_size((int(info["last_pgno"]) + 1) * int(stat["psize"]))
        except lmdb.Error as error:
            raise _why_not(path, error) from error

    def _check_size(self, needed: int) -> None:
        """LMDB would end the process when it reads past the end of a file that was cut."""
        file = os.path.join(self.path, "data.mdb") if os.path.isdir(self.path) else self.path
        held = os.path.getsize(file)
        if held < needed:
            hint = "Copy or make the database again"
            raise DataError(f"is cut off: it has {held:,} bytes of {needed:,}", place=Place(self.path), hint=hint)


def environment(path: str) -> Environment:
    """The database at a path, a folder or a file, opened once for all who read it. Raises DataError."""
    real = os.path.realpath(path)
    with _opening:
        found: Environment | None = _open_environments.get(real)
        if found is None:
            found = _open_environments[real] = Environment(path)
        return found


class LmdbSource(Source):
    """The records of an LMDB, as views of its memory. Raises DataError if it is missing, broken or empty."""

    def __init__(self, path: str):
        super().__init__(path)
        self._environment = environment(path)
        if not self._environment.entries:
            raise self.error("holds no records")
        self._transaction = self._environment.handle.begin(buffers=True)
        self._cursor = self._transaction.cursor()
        self._key: bytes | None = None

    def __len__(self) -> int:
        return self._environment.entries

    def _next(self) -> Record:
        self._step()
        key, value = self._cursor.item()
        self._key = bytes(key)
        return Record(self.position, self._key.decode("latin-1"), value)

    def _skip(self, count: int) -> None:
        for _ in range(count):
            self._step()
        self._key = bytes(self._cursor.key())

    def _step(self) -> None:
        try:
            if self._key is None or not self._cursor.next():
                self._cursor.first()
            self._key = b""
        except lmdb.Error as error:
            raise _why_not(self.path, error) from error

    def state(self) -> dict[str, Any]:
        return {"position": self.position, "key": None if self._key is None else self._key.decode("latin-1")}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        key = state.get("key")
        if key is not None and self._cursor.set_key(key.encode("latin-1")):
            self._key = key.encode("latin-1")
            return
        if key is not None:
            log.warning("%s has no record %r any more; going on with number %d", self.path, key, self.position % len(self))
        self._key = None
        if self.position:
            self._skip(self.position % len(self) or len(self))

    def close(self) -> None:
        self._cursor.close()
        self._transaction.abort()


class LmdbWriter:
    """A new LMDB in a folder that is not there yet. Use it in a `with` block; records are safe after each `commit`."""

    def __init__(self, path: str):
        if os.path.exists(path):
            raise DataError("is there already", place=Place(path), hint="Remove it, or choose another name")
        self.path = path
        self._waiting: list[tuple[bytes, bytes]] = []
        try:
            os.makedirs(path)
            self._handle = lmdb.open(path, map_size=FIRST_MAP_SIZE, writemap=False)
        except (lmdb.Error, OSError) as error:
            raise DataError(f"cannot be made: {error}", place=Place(path)) from error

    def put(self, key: bytes, value: bytes) -> None:
        """Add a record with the next commit."""
        self._waiting.append((key, value))

    def commit(self) -> None:
        """Write what was put. The map doubles until it fits. Raises DataError if the disk is full."""
        while self._waiting:
            try:
                with self._handle.begin(write=True) as transaction:
                    for key, value in self._waiting:
                        transaction.put(key, value)
                self._waiting = []
            except lmdb.MapFullError:
                self._handle.set_mapsize(self._handle.info()["map_size"] * 2)
            except (lmdb.Error, OSError) as error:
                raise DataError(f"cannot be written: {error}", place=Place(self.path), hint="Is the disk full?") from error

    def __enter__(self) -> LmdbWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self._handle.close()


def write(path: str, records: Iterable[tuple[bytes, bytes]], *, per_commit: int = 1000) -> int:
    """Make an LMDB of (key, value) records; how many there were."""
    count = 0
    with LmdbWriter(path) as writer:
        for count, (key, value) in enumerate(records, 1):
            writer.put(key, value)
            if count % per_commit == 0:
                writer.commit()
    return count


def _why_not(path: str, error: Exception) -> DataError:
    place = Place(path)
    if not os.path.exists(path):
        hint = "" if os.path.isabs(path) else f"Paths are relative to {os.getcwd()}"
        return DataError("there is no such LMDB", place=place, hint=hint)
    if os.path.isdir(path) and os.path.exists(os.path.join(path, "CURRENT")):
        return DataError("is a LevelDB, not an LMDB", place=place, hint="Write backend: LEVELDB")
    if os.path.isdir(path) and not os.path.exists(os.path.join(path, "data.mdb")):
        return DataError("is a folder without data.mdb, so it is no LMDB", place=place)
    reason = str(error).removeprefix(f"{path}: ")
    return DataError(f"is no LMDB, or a broken one: {reason}", place=place, hint="Copy or make the database again")
