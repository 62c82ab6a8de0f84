"""The files of a LevelDB: manifest, logs and sorted tables. The formats: doc/log_format.md, doc/table_format.md and db/version_edit.cc."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..errors import DataError, FormatError, Place
from ..formats import files
from ..formats.wire import Reader, WireError

Entry = tuple[bytes, int, int, memoryview]
"""(key, sequence number, kind: 1 a value, 0 a deletion, value)."""

BLOCK = 32768
FULL, FIRST, LAST = 1, 2, 4
LOG_HEADER = struct.Struct("<IHB")
CRC_MASK = 0xA282EAD8

FOOTER = 48
MAGIC = 0xDB4775248B80FB57
TRAILER = 5
NOT_COMPRESSED, SNAPPY = 0, 1

COMPARATOR, LOG_NUMBER, NEXT_FILE, LAST_SEQUENCE, COMPACT_POINTER, DELETED_FILE, NEW_FILE, PREVIOUS_LOG = 1, 2, 3, 4, 5, 6, 7, 9
DAMAGED = (WireError, struct.error, ValueError, IndexError, OverflowError)


@dataclass
class Manifest:
    """Which files make the database. tables: (level, number, first key, last key), keys without their trailer."""

    oldest_log: int = 0
    tables: list[tuple[int, int, bytes, bytes]] = field(default_factory=list)


def read_manifest(folder: str) -> Manifest:
    """The manifest that CURRENT names. Raises DataError."""
    current = bytes(_view(os.path.join(folder, "CURRENT")))
    path = os.path.join(folder, os.path.basename(current.decode("utf-8", "replace").strip()))
    manifest = Manifest()
    tables: dict[int, tuple[int, int, bytes, bytes]] = {}
    try:
        for edit in log_records(path):
            _apply(Reader(edit), manifest, tables)
    except DAMAGED as error:
        raise _damaged(path, error) from error
    manifest.tables = list(tables.values())
    return manifest


def _apply(reader: Reader, manifest: Manifest, tables: dict[int, tuple[int, int, bytes, bytes]]) -> None:
    """Carry out one version edit."""
    while reader.more():
        tag = reader.varint()
        if tag == COMPARATOR:
            if bytes(_slice(reader)) != b"leveldb.BytewiseComparator":
                raise ValueError("its keys have an order of their own")
        elif tag == LOG_NUMBER:
            manifest.oldest_log = reader.varint()
        elif tag in (NEXT_FILE, LAST_SEQUENCE, PREVIOUS_LOG):
            reader.varint()
        elif tag == COMPACT_POINTER:
            reader.varint()
            reader.span()
        elif tag == DELETED_FILE:
            reader.varint()
            tables.pop(reader.varint(), None)
        elif tag == NEW_FILE:
            level, number, _ = reader.varint(), reader.varint(), reader.varint()
            tables[number] = (level, number, bytes(_slice(reader))[:-8], bytes(_slice(reader))[:-8])
        else:
            raise ValueError(f"a version edit has the unknown tag {tag}")


def read_log(path: str) -> list[Entry]:
    """The entries of a write-ahead log, in the order of their writing. A last record that was not written to its end is left out."""
    entries: list[Entry] = []
    try:
        for record in log_records(path):
            sequence, count = struct.unpack_from("<QI", record)
            reader = Reader(record, 12)
            for i in range(count):
                kind = record[reader.pos]
                reader.pos += 1
                key = bytes(_slice(reader))
                entries.append((key, sequence + i, kind, _slice(reader) if kind else memoryview(b"")))
    except DAMAGED as error:
        raise _damaged(path, error) from error
    return entries


def log_records(path: str) -> Iterator[bytes]:
    """The records of a file in LevelDB's log format. Raises ValueError for a wrong checksum, DataError if there is no file."""
    if os.path.exists(path) and not os.path.getsize(path):
        return
    buffer, pos = _view(path), 0
    parts: list[memoryview] = []
    while pos + LOG_HEADER.size <= len(buffer):
        left = BLOCK - pos % BLOCK
        if left < LOG_HEADER.size:
            pos += left
            continue
        crc, length, kind = LOG_HEADER.unpack_from(buffer, pos)
        start = pos + LOG_HEADER.size
        if kind == 0 and length == 0:  # room that was taken and not used
            pos += left
            continue
        if start + length > len(buffer):
            return
        if crc != _masked_crc(buffer[pos + 6 : start + length]):
            raise ValueError(f"a wrong checksum at byte {pos}")
        if kind > LAST:
            raise ValueError(f"a record of the unknown kind {kind} at byte {pos}")
        if kind in (FULL, FIRST):
            parts = []
        parts.append(buffer[start : start + length])
        pos = start + length
        if kind in (FULL, LAST):
            yield b"".join(parts)


class Table:
    """One sorted table. Opened when it is first looked into."""

    def __init__(self, path: str):
        self.path = path

    def entries(self, start: bytes = b"") -> Iterator[Entry]:
        """Entries from the first key that is not before `start`. Raises DataError where the table is damaged."""
        try:
            for key, handle in self._index:
                if key[:-8] >= start:
                    for entry_key, value in _block_entries(self._block(*_handle(Reader(handle)))):
                        if entry_key[:-8] >= start:
                            yield _entry(entry_key, value)
        except DAMAGED as error:
            raise _damaged(self.path, error) from error

    @cached_property
    def _buffer(self) -> memoryview:
        return _view(self.path)

    @cached_property
    def _index(self) -> list[tuple[bytes, memoryview]]:
        """(last key, handle) of each data block."""
        footer = self._buffer[-FOOTER:]
        if len(footer) < FOOTER or struct.unpack_from("<Q", footer, FOOTER - 8)[0] != MAGIC:
            raise ValueError("it has no footer")
        reader = Reader(footer)
        _handle(reader)
        return list(_block_entries(self._block(*_handle(reader))))

    def _block(self, offset: int, length: int) -> memoryview:
        """The contents of a block, decompressed."""
        if offset + length + TRAILER > len(self._buffer):
            raise ValueError(f"a block at byte {offset} is cut off")
        content, compression = self._buffer[offset : offset + length], self._buffer[offset + length]
        if compression == NOT_COMPRESSED:
            return content
        if compression != SNAPPY:
            raise ValueError(f"the block at byte {offset} is compressed in a way ({compression}) that is not known here")
        return _unsnapped(content)


def _unsnapped(content: memoryview) -> memoryview:
    from ..ops.cpu_kernels.snappy import decompress

    reader = Reader(content)
    length = reader.varint()
    if length > 256 * len(content):
        raise ValueError("a compressed block names an impossible length")
    out = np.empty(length, np.uint8)
    if not decompress(np.frombuffer(content, np.uint8), reader.pos, out):
        raise ValueError("a compressed block is damaged")
    return out.data


def _block_entries(block: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """(key, value) of a block; keys are stored without what they share with the one before."""
    (restarts,) = struct.unpack_from("<I", block, len(block) - 4)
    stop = len(block) - 4 - 4 * restarts
    if stop < 0:
        raise ValueError("a block is shorter than its restarts")
    reader, key = Reader(block, 0, stop), b""
    while reader.more():
        shared, rest, length = reader.varint(), reader.varint(), reader.varint()
        start = reader.pos
        if shared > len(key) or start + rest + length > stop:
            raise ValueError("an entry reaches past its block")
        key = key[:shared] + bytes(block[start : start + rest])
        reader.pos = start + rest + length
        yield key, block[start + rest : reader.pos]


def _entry(key: bytes, value: memoryview) -> Entry:
    (trailer,) = struct.unpack_from("<Q", key, len(key) - 8)
    return key[:-8], trailer >> 8, trailer & 0xFF, value


def _handle(reader: Reader) -> tuple[int, int]:
    return reader.varint(), reader.varint()


def _slice(reader: Reader) -> memoryview:
    start, stop = reader.span()
    return memoryview(reader.buffer)[start:stop]


def _masked_crc(data: memoryview) -> int:
    from ..ops.cpu_kernels.snappy import crc32c, crc_table

    crc = int(crc32c(np.frombuffer(data, np.uint8), crc_table()))
    return ((crc >> 15 | crc << 17) + CRC_MASK) & 0xFFFFFFFF


def _view(path: str) -> memoryview:
    try:
        return files.view(path)
    except FormatError as error:
        raise DataError(error.what, place=error.place, hint="Copy the whole folder of the database again") from error


def _damaged(path: str, error: Exception) -> DataError:
    return DataError(f"is damaged: {error}", place=Place(path), hint="Copy or make the database again")
