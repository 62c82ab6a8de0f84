"""Snappy's block format and the checksum CRC-32C, as LevelDB's files use them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .jit import kernel

POLYNOMIAL = 0x82F63B78


@cache
def crc_table() -> np.ndarray:
    """CRC-32C of each byte."""
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, (values >> 1) ^ np.uint32(POLYNOMIAL), values >> 1)
    return values


@kernel
def crc32c(data: Any, table: Any) -> Any:
    """CRC-32C (Castagnoli) of uint8 data. table: `crc_table()`."""
    crc = np.uint32(0xFFFFFFFF)
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> np.uint32(8))
    return crc ^ np.uint32(0xFFFFFFFF)


@kernel
def decompress(data: Any, start: int, out: Any) -> bool:
    """out (uint8) = the block whose elements begin at data[start], after its length; whether it fills `out` exactly and is well formed."""
    pos, done, size, room = start, 0, len(data), len(out)
    while pos < size:
        tag: Any = np.int64(data[pos])
        pos += 1
        kind = tag & 3
        if kind == 0:
            length: Any = tag >> 2
            if length >= 60:
                extra = length - 59
                if pos + extra > size:
                    return False
                length = 0
                for i in range(extra):
                    length |= np.int64(data[pos + i]) << (8 * i)
                pos += extra
            length += 1
            if pos + length > size or done + length > room:
                return False
            out[done : done + length] = data[pos : pos + length]
            pos += length
            done += length
            continue
        width = 1 if kind == 1 else 2 if kind == 2 else 4
        if pos + width > size:
            return False
        offset: Any = np.int64(0)
        for i in range(width):
            offset |= np.int64(data[pos + i]) << (8 * i)
        pos += width
        length = (tag >> 2) + 1
        if kind == 1:
            length = ((tag >> 2) & 7) + 4
            offset |= (tag >> 5) << 8
        if offset == 0 or offset > done or done + length > room:
            return False
        for i in range(length):
            out[done + i] = out[done + i - offset]
        done += length
    return done == room
