"""LevelDB databases, read as they lie in their folder: no C library, no lock, nothing written.

Caffe: src/caffe/util/db_leveldb.cpp. The formats: doc/table_format.md and doc/log_format.md of LevelDB. Records come in the order of their
keys' bytes. A database holds its newest records in logs, the others in sorted tables; of several entries for one key the newest counts.
"""

from __future__ import annotations

import heapq
import logging
import os
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from ..errors import DataError, Place
from .leveldb_files import Entry, Table, read_log, read_manifest
from .source import Record, Source

log = logging.getLogger(__name__)

DELETED = 0


class LevelDb:
    """A database as it was when it was opened. Raises DataError if it is missing, broken, or no LevelDB."""

    def __init__(self, path: str):
        self.path = path
        _check_folder(path)
        manifest = read_manifest(path)
        self.recent = self._read_logs(manifest.oldest_log)
        by_number = {number: Table(self._table_path(number)) for _, number, _, _ in manifest.tables}
        self.newest_level = [by_number[number] for level, number, _, _ in manifest.tables if level == 0]
        deeper = sorted((level, first, number) for level, number, first, _ in manifest.tables if level > 0)
        levels = sorted({level for level, _, _ in deeper})
        self.levels = [[by_number[number] for level, _, number in deeper if level == wanted] for wanted in levels]

    def entries(self, start: bytes = b"") -> Iterator[tuple[bytes, memoryview]]:
        """(key, value) from the first key that is not before `start`, in order. Values are views of the files."""
        runs = [iter(self.recent[bisect_left(self.recent, start, key=lambda e: e[0]) :])]
        runs += [table.entries(start) for table in self.newest_level]
        runs += [_one_after_the_other(tables, start) for tables in self.levels]
        last: bytes | None = None
        for key, _, kind, value in heapq.merge(*runs, key=lambda e: (e[0], -e[1])):
            if key == last:
                continue
            last = key
            if kind != DELETED:
                yield key, value

    def _read_logs(self, oldest: int) -> list[Entry]:
        numbers = sorted(int(name[:-4]) for name in os.listdir(self.path) if name.endswith(".log") and name[:-4].isdecimal())
        entries = [entry for number in numbers if number >= oldest for entry in read_log(os.path.join(self.path, f"{number:06}.log"))]
        return sorted(entries, key=lambda e: (e[0], -e[1]))

    def _table_path(self, number: int) -> str:
        for suffix in ("ldb", "sst"):
            path = os.path.join(self.path, f"{number:06}.{suffix}")
            if os.path.exists(path):
                return path
        raise DataError(f"lacks its table {number:06}.ldb", place=Place(self.path), hint="Copy the whole folder again")


class LevelDbSource(Source):
    """The records of a LevelDB. Raises DataError if it is missing, broken or empty."""

    def __init__(self, path: str):
        super().__init__(path)
        self._database = LevelDb(path)
        self._last: bytes | None = None
        self._entries = self._database.entries()
        if next(self._database.entries(), None) is None:
            raise self.error("holds no records")

    def _next(self) -> Record:
        key, value = self._step()
        return Record(self.position, key.decode("latin-1"), value)

    def _skip(self, count: int) -> None:
        for _ in range(count):
            self._step()

    def _step(self) -> tuple[bytes, memoryview]:
        entry = next(self._entries, None)
        if entry is None:
            self._entries = self._database.entries()
            entry = next(self._entries)
        self._last = entry[0]
        return entry

    def state(self) -> dict[str, Any]:
        return {"position": self.position, "key": None if self._last is None else self._last.decode("latin-1")}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        key = state.get("key")
        self._entries, self._last = self._database.entries(), None
        if key is None:
            self._skip(self.position)
            return
        self._last = key.encode("latin-1")
        self._entries = self._database.entries(self._last)
        first = next(self._entries, None)
        if first is None or first[0] != self._last:
            log.warning("%s has no record %r any more; going on behind its place", self.path, key)
            self._entries = self._database.entries(self._last)


def _one_after_the_other(tables: list[Table], start: bytes) -> Iterator[Entry]:
    """The entries of tables that do not overlap; a table is opened when its turn comes."""
    for table in tables:
        yield from table.entries(start)


def _check_folder(path: str) -> None:
    place = Place(path)
    if not os.path.exists(path):
        raise DataError("there is no such LevelDB", place=place, hint="" if os.path.isabs(path) else f"Paths are relative to {os.getcwd()}")
    if os.path.exists(os.path.join(path, "data.mdb")) or (os.path.isfile(path) and path.endswith(".mdb")):
        raise DataError("is an LMDB, not a LevelDB", place=place, hint="Write `backend: LMDB`; a Data layer that names none means LEVELDB")
    if not os.path.exists(os.path.join(path, "CURRENT")):
        raise DataError("is no folder with a file CURRENT, so it is no LevelDB", place=place)
