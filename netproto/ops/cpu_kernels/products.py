"""Matrix products of operands that lie in blocks of LANES columns, each block contiguous: nothing is copied to be multiplied.

A blocked matrix of R rows and C columns is (C / LANES, R, LANES): element (r, c) stands at (c // LANES * R + r) * LANES + c % LANES.
"""

from __future__ import annotations

from .jit import kernel
from .vectors import LANES, MOST_VECTORS, ROWS, product_1, product_2, product_3

BYTES = 4
BLOCK = LANES * BYTES
TERMS = 2
"""Blocks of terms that are summed at once. The error of a running sum of float32 grows with its length, and Winograd enlarges it;
sums of 32 terms, summed in turn, have a third of the error of 256 terms, for some 5 % of the time."""


@kernel
def multiply(a: int, a_rows: int, b: int, c: int, c_rows: int, rows: int, shared: int, blocks: int) -> None:
    """c = a b, all blocked: a (a_rows, shared), b (shared, blocks * LANES), c (c_rows, blocks * LANES), addresses.

    `rows` of a and c are used, rounded up to ROWS; shared is a multiple of LANES.
    """
    block = 0
    while block < blocks:
        vectors = width(blocks - block)
        for first in range(0, shared // LANES, TERMS):
            outer = min(TERMS, shared // LANES - first)
            left = a + first * a_rows * BLOCK
            right = b + (block * shared + first * LANES) * BLOCK
            out = c + block * c_rows * BLOCK
            for row in range(0, rows, ROWS):
                at, to, step, add = left + row * BLOCK, out + row * BLOCK, a_rows * LANES, first > 0
                if vectors == 3:
                    product_3(at, LANES, 1, step, LANES, outer, right, LANES, shared * LANES, to, LANES, c_rows * LANES, add)
                elif vectors == 2:
                    product_2(at, LANES, 1, step, LANES, outer, right, LANES, shared * LANES, to, LANES, c_rows * LANES, add)
                else:
                    product_1(at, LANES, 1, step, LANES, outer, right, LANES, shared * LANES, to, LANES, c_rows * LANES, add)
        block += vectors


@kernel
def multiply_transposed(a: int, b: int, c: int, shared: int, ab_rows: int, rows: int, blocks: int, add: bool) -> None:
    """c = or += a' b, all blocked: a (ab_rows, rows), b (ab_rows, blocks * LANES), c (rows, blocks * LANES), addresses.

    The sum is over the first `shared` rows of a and b; rows is a multiple of ROWS, which divides LANES.
    """
    block = 0
    while block < blocks:
        vectors = width(blocks - block)
        out, step = c + block * rows * BLOCK, ab_rows * LANES
        for first in range(0, shared, TERMS * LANES):
            terms, more = min(TERMS * LANES, shared - first), add or first > 0
            left, right = a + first * BLOCK, b + (block * ab_rows + first) * BLOCK
            for row in range(0, rows, ROWS):
                at, to = left + (row // LANES * step + row % LANES) * BYTES, out + row * BLOCK
                if vectors == 3:
                    product_3(at, 1, LANES, 0, terms, 1, right, LANES, step, to, LANES, rows * LANES, more)
                elif vectors == 2:
                    product_2(at, 1, LANES, 0, terms, 1, right, LANES, step, to, LANES, rows * LANES, more)
                else:
                    product_1(at, 1, LANES, 0, terms, 1, right, LANES, step, to, LANES, rows * LANES, more)
        block += vectors


@kernel
def width(blocks: int) -> int:
    """How many blocks to take at once: twos, and a three for an odd rest, since one alone keeps half of the multipliers idle."""
    if MOST_VECTORS == 1 or blocks == 1:
        return 1
    return 3 if blocks == 3 else 2
