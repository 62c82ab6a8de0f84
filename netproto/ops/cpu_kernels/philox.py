"""Philox 4x32-10, four elements to a block; reference/rng.py says what is drawn."""

from __future__ import annotations

from typing import Any

import numpy

from ..reference.rng import MULTIPLIERS, ROUNDS, WEYL
from .jit import inlined, kernel

Array = Any
FIRST, SECOND = numpy.uint64(MULTIPLIERS[0]), numpy.uint64(MULTIPLIERS[1])
WEYL_FIRST, WEYL_SECOND = numpy.uint64(WEYL[0]), numpy.uint64(WEYL[1])
LOW, HALF = numpy.uint64(0xFFFFFFFF), numpy.uint64(32)


@inlined
def philox(block: Any, ordinal: Any, key: Any) -> tuple[Any, Any, Any, Any]:
    """The four words of a block, as uint64."""
    a, b, c, d = block & LOW, block >> HALF, ordinal & LOW, ordinal >> HALF
    low, high = key & LOW, key >> HALF
    for _ in range(ROUNDS):
        first, second = a * FIRST, c * SECOND
        a, b, c, d = (second >> HALF) ^ b ^ low, second & LOW, (first >> HALF) ^ d ^ high, first & LOW
        low, high = (low + WEYL_FIRST) & LOW, (high + WEYL_SECOND) & LOW
    return a, b, c, d


@kernel
def draw_mask(mask: Array, keep_from: Any, key: Any, ordinal: Any, lo: int, hi: int) -> None:
    """mask (flat uint8) = whether the word is at least keep_from, for blocks lo..hi of four elements."""
    for block in range(lo, hi):
        words = philox(numpy.uint64(block), ordinal, key)
        start = 4 * block
        if start + 4 <= mask.size:
            mask[start] = words[0] >= keep_from
            mask[start + 1] = words[1] >= keep_from
            mask[start + 2] = words[2] >= keep_from
            mask[start + 3] = words[3] >= keep_from
        else:
            for i in range(mask.size - start):
                mask[start + i] = words[i] >= keep_from
