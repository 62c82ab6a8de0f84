"""Random numbers that can be counted: every draw is a function of (seed, name, ordinal), so a run resumes bit for bit.

Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) is what the ops use for whole arrays, since it gives the
same bits on every backend and for any number of threads; numpy's Generator serves the host's small draws.
"""

from __future__ import annotations

import hashlib

import numpy as np


class Stream:
    """A named sequence of draws of one seed. `draws`, the ordinal of the next draw, is all its state."""

    __slots__ = ("draws", "key", "name")

    def __init__(self, seed: int, name: str):
        digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
        self.key = int.from_bytes(digest, "little")
        self.name = name
        self.draws = 0

    def next(self) -> tuple[int, int]:
        """(key, ordinal) for one counter-based draw of any length; the ordinal moves on."""
        ordinal = self.draws
        self.draws += 1
        return self.key, ordinal

    def generator(self) -> np.random.Generator:
        """A numpy Generator for one draw on the host; the ordinal moves on."""
        key, ordinal = self.next()
        return np.random.Generator(np.random.Philox(key=[key, ordinal]))
