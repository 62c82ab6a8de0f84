"""Random numbers by counting: Philox 4x32-10 (Salmon et al. 2011), the same bits on every backend.

A draw has a 64-bit key and an ordinal. Element i is word i % 4 of the block whose counter is (i // 4 low, i // 4 high, ordinal low,
ordinal high), so a draw can be made in any order and by any number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, prod

from .arrays import Array, Arrays

MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85
ROUNDS = 10
LOW = 0xFFFFFFFF


class Rng(Arrays):
    """Whole-array draws."""

    def words(self, out: Array, *, key: int, ordinal: int) -> None:
        """out (any shape, uint32) = the draw's first words."""
        flat = out.reshape(-1)
        block = self.xp.arange((flat.size + 3) // 4, dtype="uint64")
        counter = [block & LOW, block >> 32, self.xp.full_like(block, ordinal & LOW), self.xp.full_like(block, ordinal >> 32)]
        drawn = self.xp.stack(self._philox(counter, [key & LOW, key >> 32]), axis=1)
        flat[...] = drawn.reshape(-1)[: flat.size]

    def uniform_words(self, shape: Sequence[int], *, key: int, ordinal: int) -> Array:
        """A scratch array of (word + 0.5) / 2**32, each in (0, 1)."""
        words, out = self.scratch("rng.words", (prod(shape),), "uint32"), self.scratch("rng.uniform", shape)
        self.words(words, key=key, ordinal=ordinal)
        self.xp.multiply(words.reshape(out.shape) + 0.5, 2.0**-32, out=out, casting="unsafe")
        return out

    def dropout(self, x: Array, y: Array, mask: Array, *, ratio: float, key: int, ordinal: int) -> None:
        """mask (uint8) = 1 where the element's word >= ratio * 2**32, y = x * mask / (1 - ratio). y may be x; 0 <= ratio < 1."""
        words = self.scratch("rng.words", (x.size,), "uint32")
        self.words(words, key=key, ordinal=ordinal)
        self.xp.greater_equal(words.reshape(x.shape), keep_from(ratio), out=mask.view("bool"))
        self.dropout_backward(x, mask, y, ratio=ratio)

    def dropout_backward(self, dy: Array, mask: Array, dx: Array, *, ratio: float) -> None:
        """dx = dy * mask / (1 - ratio). dx may be dy."""
        self.xp.multiply(dy, mask, out=dx)
        dx *= 1 / (1 - ratio)

    def _philox(self, counter: list[Array], key: list[int]) -> list[Array]:
        """Four uint64 arrays of 32-bit counters -> four of 32-bit words."""
        a, b, c, d = counter
        for _ in range(ROUNDS):
            first, second = a * self.xp.uint64(MULTIPLIERS[0]), c * self.xp.uint64(MULTIPLIERS[1])
            a, b, c, d = (second >> 32) ^ b ^ key[0], second & LOW, (first >> 32) ^ d ^ key[1], first & LOW
            key = [(k + w) & LOW for k, w in zip(key, WEYL, strict=True)]
        return [a, b, c, d]


def keep_from(ratio: float) -> int:
    """The smallest word that keeps its element."""
    return ceil(ratio * 2**32)
