"""Matrix products on all of a core's multipliers. Their right operands lie in blocks of LANES columns, so that their inner loop finds
everything in the order in which it needs it.

A blocked matrix of R rows and C columns is (C / LANES, R, LANES): element (r, c) stands at (c // LANES * R + r) * LANES + c % LANES.
Operands are given by their addresses. The error of a running sum of float32 grows with its length, and Winograd's algorithms enlarge it: at
most TERMS terms are summed at once, which makes a third of the error of 256, for some 5 % of the time.
"""

from __future__ import annotations

from .jit import inlined, kernel
from .vectors import LANES, MOST_VECTORS, ROWS, product_1, product_2, product_3

BYTES = 4
BLOCK = LANES * BYTES
TERMS = 2 * LANES


@kernel
def multiply(a: int, a_rows: int, b: int, c: int, c_rows: int, rows: int, shared: int, blocks: int, add: bool) -> None:
    """c = or, if add, += a b, all blocked: a (a_rows, shared), b (shared, blocks * LANES), c (c_rows, blocks * LANES).

    `rows` of a and c are used, rounded up to ROWS; shared is a multiple of LANES.
    """
    block = 0
    while block < blocks:
        vectors = at_once(blocks - block)
        right, out = b + block * shared * BLOCK, c + block * c_rows * BLOCK
        for first in range(0, shared, TERMS):
            outer = min(TERMS, shared - first) // LANES
            for row in range(0, rows, ROWS):
                left = a + (first // LANES * a_rows + row) * BLOCK
                product(
                    vectors, left, LANES, 1, a_rows * LANES, LANES, outer, right + first * BLOCK, shared * LANES,
                    out + row * BLOCK, LANES, c_rows * LANES, add or first > 0,
                )  # fmt: skip
        block += vectors


@kernel
def multiply_transposed(a: int, b: int, ab_rows: int, c: int, c_rows: int, rows: int, shared: int, blocks: int, add: bool) -> None:
    """c = or, if add, += a' b, all blocked: a (ab_rows, rows), b (ab_rows, blocks * LANES), c (c_rows, blocks * LANES).

    The sum is over the first `shared` rows of a and b; `rows` of c are made, rounded up to ROWS, which divides LANES.
    """
    block = 0
    while block < blocks:
        vectors = at_once(blocks - block)
        right, out = b + block * ab_rows * BLOCK, c + block * c_rows * BLOCK
        multiply_transposed_at_once(vectors, a, right, ab_rows, out, LANES, c_rows * LANES, rows, shared, add)
        block += vectors


@inlined
def multiply_transposed_at_once(
    vectors: int, a: int, b: int, ab_rows: int, c: int, c_row: int, c_vector: int, rows: int, shared: int, add: bool
) -> None:  # fmt: skip
    """multiply_transposed for so many blocks of b, where c has c_row from row to row and c_vector from block to block."""
    for first in range(0, shared, TERMS):
        for row in range(0, rows, ROWS):
            left = a + ((row // LANES * ab_rows + first) * LANES + row % LANES) * BYTES
            product(
                vectors, left, 1, LANES, 0, min(TERMS, shared - first), 1, b + first * BLOCK, ab_rows * LANES,
                c + row * c_row * BYTES, c_row, c_vector, add or first > 0,
            )  # fmt: skip


@kernel
def multiply_rows(a: int, a_step: int, b: int, b_rows: int, c: int, c_rows: int, rows: int, shared: int, blocks: int, add: bool) -> None:
    """c = or, if add, += a b: a row-major (rows, shared) with a_step from row to row, b and c blocked (b_rows or c_rows, blocks * LANES).

    `rows`, a multiple of ROWS, are made, and the sum is over `shared` columns of a and rows of b, in portions that stay in the first cache.
    """
    for first in range(0, shared, PORTION):
        terms = min(PORTION, shared - first)
        block = 0
        while block < blocks:
            vectors = at_once(blocks - block)
            right, out = b + (block * b_rows + first) * BLOCK, c + block * c_rows * BLOCK
            for row in range(0, rows, ROWS):
                product(
                    vectors, a + (row * a_step + first) * BYTES, a_step, 1, 0, terms, 1, right, b_rows * LANES,
                    out + row * BLOCK, LANES, c_rows * LANES, add or first > 0,
                )  # fmt: skip
            block += vectors


PORTION = 256


@inlined
def product(
    vectors: int, a: int, row: int, step: int, block: int, inner: int, outer: int,
    b: int, b_vector: int, c: int, c_row: int, c_vector: int, add: bool,
) -> None:  # fmt: skip
    """The inner loop for so many vectors, with one line from row to row of b."""
    if vectors == 3:
        product_3(a, row, step, block, inner, outer, b, LANES, b_vector, c, c_row, c_vector, add)
    elif vectors == 2:
        product_2(a, row, step, block, inner, outer, b, LANES, b_vector, c, c_row, c_vector, add)
    else:
        product_1(a, row, step, block, inner, outer, b, LANES, b_vector, c, c_row, c_vector, add)


@inlined
def at_once(blocks: int) -> int:
    """How many blocks to take at once: twos, and a three for an odd rest, since one alone keeps half of the multipliers idle."""
    if MOST_VECTORS == 1 or blocks == 1:
        return 1
    return 3 if blocks == 3 else 2
