"""The update of a large matrix of weights by a gradient that is a product of two small ones, a batch high: it is nowhere whole.

To store a gradient, read it for the update and clear it for the next one moves four times as many bytes as the update of weights and
history does beside it. Here a few rows of the gradient are made, used while they are in the cache, and forgotten. Weights and history are
asked for while the gradient of the rows before them is made. Every worker has columns to itself, so the result does not depend on them.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from .dense import WIDE, at, pack, take_columns
from .jit import kernel
from .prefetch import PIECE, read_piece
from .products import BLOCK, at_once, multiply_transposed_at_once
from .update import Factors, descend
from .vectors import LANES
from .workers import Room

Array = Any
GROUP = WIDE
"""Rows of a gradient that are made at once: 64 KB. With their weights and history they stay in the second cache. For each block of columns
that is made, a row of the next group is asked for."""
RUN = WIDE * LANES
STEP = RUN + LANES
"""From row to row of a group: not a power of two, since a cache has few places for lines so far apart."""


def update_by_product(ops: Room, a: Array, b: Array, data: Array, history: Array, factors: Factors) -> None:
    """One step of SGD for data and history (M, N), where the gradient is a (K, M)' b (K, N)."""
    (k, m), n = a.shape, b.shape[1]
    left = ops.scratch("dense.left", (ceil(m / LANES), k, LANES))
    piece = ops.scratch("dense.right", (ops.workers.count, WIDE, k, LANES))
    made = ops.scratch("dense.group", (ops.workers.count, GROUP, STEP))
    pack(a, left)
    ops.workers.share(
        ceil(n / LANES), lambda lo, hi, worker: _update_columns(left, b, piece[worker], made[worker], data, history, factors, lo, hi)
    )


@kernel
def _update_columns(
    left: Array, b: Array, piece: Array, made: Array, data: Array, history: Array, factors: Factors, lo: int, hi: int
) -> None:  # fmt: skip
    """The update of the blocks lo..hi of columns, a packed in `left`."""
    k, m = b.shape[0], data.shape[0]
    for start in range(lo, hi, WIDE):
        blocks = min(WIDE, hi - start)
        column = start * LANES
        count = min(blocks * LANES, b.shape[1] - column)
        take_columns(b, start, blocks, piece)
        for first in range(0, m, GROUP):
            rows = min(GROUP, m - first)
            source = left.ctypes.data + first // LANES * k * BLOCK
            asked = first + rows
            block = 0
            while block < blocks:
                vectors = at_once(blocks - block)
                right, out = piece.ctypes.data + block * k * BLOCK, made.ctypes.data + block * BLOCK
                multiply_transposed_at_once(vectors, source, right, k, out, STEP, LANES, rows, k, False)
                block += vectors
                for _ in range(vectors):
                    for run in range(0, RUN, PIECE):
                        read_piece(at(data, asked, column + run))
                        read_piece(at(history, asked, column + run))
                    asked += 1
            for row in range(rows):
                weights, before = data[first + row, column : column + count], history[first + row, column : column + count]
                descend(weights, made[row], before, factors, 0, count)
