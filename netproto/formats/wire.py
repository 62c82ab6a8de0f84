"""Protobuf's wire format, walked by hand, for what messages are too slow or too small for: arrays of millions of numbers.

A message class would decode packed floats one by one; here they are views of the file's bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = range(6)
WIDTHS = {FIXED64: 8, FIXED32: 4}
MOST_BYTES = 2**31 - 1
"""Protobuf's own limit for one message, and so for a .caffemodel that Caffe is to read."""


class WireError(ValueError):
    """Bytes that are not a message. offset: where, from the start of the buffer."""

    def __init__(self, what: str, offset: int):
        super().__init__(f"{what} at byte {offset}")


class Reader:
    """Walks the fields of one message in buffer[pos:stop]. Raises WireError for whatever is malformed."""

    __slots__ = ("buffer", "pos", "stop")

    def __init__(self, buffer: memoryview | bytes, pos: int = 0, stop: int | None = None):
        self.buffer = buffer
        self.pos = pos
        self.stop = len(buffer) if stop is None else stop

    def more(self) -> bool:
        return self.pos < self.stop

    def varint(self) -> int:
        """An unsigned varint of up to 64 bits."""
        buffer, pos, stop = self.buffer, self.pos, self.stop
        result = shift = 0
        while True:
            if pos >= stop:
                raise WireError("a number is cut off", self.pos)
            byte = buffer[pos]
            pos += 1
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.pos = pos
                return result & 0xFFFFFFFFFFFFFFFF
            shift += 7
            if shift >= 70:
                raise WireError("a number has more than ten bytes", self.pos)

    def signed(self) -> int:
        """A varint of int32, int64 or an enum."""
        value = self.varint()
        return value - 2**64 if value >= 2**63 else value

    def tag(self) -> tuple[int, int]:
        """(field number, wire type)."""
        start = self.pos
        key = self.varint()
        number, wire = key >> 3, key & 7
        if number == 0 or number >= 2**29 or wire > FIXED32:
            raise WireError(f"no field has the tag {key}", start)
        return number, wire

    def span(self) -> tuple[int, int]:
        """(start, stop) of a length-delimited value; moves past it."""
        at = self.pos
        length = self.varint()
        start = self.pos
        if length > self.stop - start:
            raise WireError(f"a value of {length} bytes is cut off after {self.stop - start}", at)
        self.pos = start + length
        return start, self.pos

    def inner(self) -> Reader:
        """A reader of the length-delimited message here; moves past it."""
        return Reader(self.buffer, *self.span())

    def text(self) -> str:
        start, stop = self.span()
        return bytes(self.buffer[start:stop]).decode("utf-8", "replace")

    def skip(self, wire: int, depth: int = 0) -> None:
        """Move past a value."""
        if wire == VARINT:
            self.varint()
        elif wire == LENGTH:
            self.span()
        elif wire in WIDTHS:
            if self.pos + WIDTHS[wire] > self.stop:
                raise WireError("a number is cut off", self.pos)
            self.pos += WIDTHS[wire]
        else:
            self._skip_group(wire, depth)

    def _skip_group(self, wire: int, depth: int) -> None:
        if wire == END_GROUP or depth > 64:
            raise WireError("a group ends that never began" if wire == END_GROUP else "groups are nested too deeply", self.pos)
        while True:
            _, inner = self.tag()
            if inner == END_GROUP:
                return
            self.skip(inner, depth + 1)

    def numbers(self, wire: int, dtype: str) -> np.ndarray:
        """The values of a repeated float ('<f4') or double ('<f8') field whose tag was just read.

        Packed, or one after the other with a one-byte tag each: all that follow in a row are taken at once. A view, not a copy.
        """
        size = np.dtype(dtype).itemsize
        if wire == LENGTH:
            start, stop = self.span()
            if (stop - start) % size:
                raise WireError(f"packed numbers of {size} bytes fill {stop - start} bytes", start)
            return np.frombuffer(self.buffer, dtype, (stop - start) // size, start)
        if WIDTHS.get(wire) != size:
            raise WireError("numbers have the wrong wire type", self.pos)
        return self._unpacked(size, dtype)

    def _unpacked(self, size: int, dtype: str) -> np.ndarray:
        first, step = self.pos - 1, size + 1
        most = (self.stop - first) // step
        if most < 1:
            raise WireError("a number is cut off", self.pos)
        rows = np.frombuffer(self.buffer, np.uint8, most * step, first).reshape(most, step)
        others = np.flatnonzero(rows[:, 0] != rows[0, 0])
        count = int(others[0]) if others.size else most
        self.pos = first + count * step
        return np.ascontiguousarray(rows[:count, 1:]).view(dtype)[:, 0]

    def packed_varints(self, wire: int) -> list[int]:
        """The values of a repeated integer field whose tag was just read, packed or the next one of several."""
        if wire == VARINT:
            return [self.signed()]
        if wire != LENGTH:
            raise WireError("integers have the wrong wire type", self.pos)
        inner = self.inner()
        values = []
        while inner.more():
            values.append(inner.signed())
        return values


def joined(parts: list[np.ndarray], dtype: str) -> np.ndarray:
    """The parts of a repeated field in one array; a lone part is not copied."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def varint(value: int) -> bytes:
    """An unsigned varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def header(number: int, wire: int, length: int | None = None) -> bytes:
    """The tag of a field, and its length if that follows."""
    return varint(number << 3 | wire) + (b"" if length is None else varint(length))


def split(message: bytes, before: Callable[[int], bool]) -> tuple[bytes, bytes]:
    """A serialized message in two: the fields whose number is `before`, and the others, each in their order."""
    reader = Reader(message)
    low: list[bytes] = []
    high: list[bytes] = []
    while reader.more():
        start = reader.pos
        number, wire = reader.tag()
        reader.skip(wire)
        (low if before(number) else high).append(message[start : reader.pos])
    return b"".join(low), b"".join(high)


def size(pieces: list[Any]) -> int:
    """The bytes of what `write` is given: bytes and C-contiguous arrays."""
    return sum(p.nbytes if isinstance(p, np.ndarray) else len(p) for p in pieces)


def write(file: Any, pieces: list[Any]) -> None:
    """Write bytes and arrays one after the other, without a copy."""
    for piece in pieces:
        file.write(piece.reshape(-1).view(np.uint8) if isinstance(piece, np.ndarray) else piece)
