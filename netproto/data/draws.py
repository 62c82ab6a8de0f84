"""Random numbers of single records: a function of a key and the record's ordinal, so that any thread may draw them, in any order."""

from __future__ import annotations

import hashlib

from ..ops.reference.rng import LOW, MULTIPLIERS, ROUNDS, WEYL


def words(key: int, ordinal: int) -> tuple[int, int, int, int]:
    """The first four 32-bit words of the draw (key, ordinal): those that `Ops.words` gives."""
    a, b, c, d = 0, 0, ordinal & LOW, ordinal >> 32
    low, high = key & LOW, key >> 32
    for _ in range(ROUNDS):
        first, second = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a, b, c, d = (second >> 32) ^ b ^ low, second & LOW, (first >> 32) ^ d ^ high, first & LOW
        low, high = (low + WEYL[0]) & LOW, (high + WEYL[1]) & LOW
    return a, b, c, d


def below(word: int, count: int) -> int:
    """A number of 0 .. count - 1 from a 32-bit word."""
    return word * count >> 32


def subkey(key: int, purpose: str) -> int:
    """A key for another purpose than drawing for records, so that the two never share a draw."""
    return int.from_bytes(hashlib.blake2b(f"{key}/{purpose}".encode(), digest_size=8).digest(), "little")
