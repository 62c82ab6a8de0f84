"""Writes LevelDB files byte by byte, for tests of the reader, which shares nothing with it."""

from __future__ import annotations

import struct

VALUE, DELETION = 1, 0


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def sliced(data):
    return varint(len(data)) + data


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def log(records):
    """The log format: records cut into fragments that fit blocks of 32 KiB."""
    out = b""
    for record in records:
        first, rest = True, record
        while first or rest:
            room = 32768 - len(out) % 32768
            if room < 7:
                out += b"\0" * room
                continue
            part, rest = rest[: room - 7], rest[room - 7 :]
            kind = (1 if not rest else 2) if first else (3 if rest else 4)
            out += struct.pack("<IHB", masked_crc(bytes([kind]) + part), len(part), kind) + part
            first = False
    return out


def batch(sequence, changes):
    """A write batch of (key, value), value None for a deletion."""
    out = struct.pack("<QI", sequence, len(changes))
    for key, value in changes:
        out += bytes([DELETION]) + sliced(key) if value is None else bytes([VALUE]) + sliced(key) + sliced(value)
    return out


def internal(key, sequence, kind):
    return key + struct.pack("<Q", sequence << 8 | kind)


def block(entries, interval=3):
    """(key, value) entries with shared beginnings, and a restart each `interval`."""
    out, restarts, last = b"", [], b""
    for i, (key, value) in enumerate(entries):
        shared = 0
        if i % interval:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        else:
            restarts.append(len(out))
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    restarts = restarts or [0]
    return out + struct.pack(f"<{len(restarts)}I", *restarts) + struct.pack("<I", len(restarts))


def snappy(data):
    """A Snappy block of literals, and copies of runs of one byte and of what stands 100 bytes before."""
    out, pos = varint(len(data)), 0
    while pos < len(data):
        if pos >= 100 and data[pos : pos + 64] == data[pos - 100 : pos - 36] and len(data) - pos >= 64:
            out += bytes([63 << 2 | 2]) + struct.pack("<H", 100)
            pos += 64
        elif pos and len(data) - pos >= 8 and data[pos : pos + 8] == data[pos - 1 : pos] * 8:
            out += bytes([4 << 2 | 1, 1])
            pos += 8
        else:
            literal = data[pos : pos + 70]
            out += bytes([60 << 2, len(literal) - 1]) if len(literal) > 60 else bytes([len(literal) - 1 << 2])
            out += literal
            pos += len(literal)
    return out


def table(entries, per_block=2, compress=False):
    """A sorted table of (key, sequence, kind, value)."""
    out, index = b"", []
    for i in range(0, len(entries), per_block):
        part = [(internal(k, s, t), v) for k, s, t, v in entries[i : i + per_block]]
        content = snappy(block(part)) if compress else block(part)
        index.append((part[-1][0], varint(len(out)) + varint(len(content))))
        out += content + bytes([int(compress)]) + b"crc!"
    places = []
    for content in (block([]), block(index)):
        places.append(varint(len(out)) + varint(len(content)))
        out += content + b"\0crc!"
    return out + b"".join(places).ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def added(level, number, entries):
    """A version edit that adds a table."""
    first, last = (internal(*entries[i][:3]) for i in (0, -1))
    return varint(7) + varint(level) + varint(number) + varint(1000) + sliced(first) + sliced(last)


def database(folder, tables=(), logs=(), edits=b"", comparator=b"leveldb.BytewiseComparator", compress=False, suffix="ldb"):
    """A database. tables: (level, number, entries). logs: (number, write batches)."""
    folder.mkdir()
    edit = varint(1) + sliced(comparator) + varint(2) + varint(5) + varint(9) + varint(0) + varint(3) + varint(99) + varint(4) + varint(999)
    records = [edit, *(added(*t) for t in tables), *([edits] if edits else [])]
    (folder / "MANIFEST-000002").write_bytes(log(records))
    (folder / "CURRENT").write_bytes(b"MANIFEST-000002\n")
    for _, number, entries in tables:
        (folder / f"{number:06}.{suffix}").write_bytes(table(entries, compress=compress))
    for number, batches in logs:
        (folder / f"{number:06}.log").write_bytes(log(batches))
    return str(folder)
