"""The matrix products of InnerProduct, for left operands with few rows: a batch.

A large matrix of weights passes through a core once, in runs as it lies in memory; it is read as it is, or packed a piece at a time. Every
worker has columns or rows of the result to itself, so the result is the same for any number of workers.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy

from .finish import PLAIN, Ending, beside, finish_lanes, finish_rows
from .jit import inlined, kernel
from .products import BLOCK, BYTES, multiply, multiply_rows, multiply_transposed
from .transpose import gather, move, take
from .vectors import LANES, ROWS
from .workers import Room, bias_or_zeros

Array = Any
WIDE = 32
"""Blocks of columns of a piece: a row of it is a run of 2 KB."""
FEW = 4
"""Rows of a that are gone through one by one, with neighbouring weights in a vector; more stand in the lanes themselves."""
LEAST = 1 << 18
"""Weights that are worth waking a worker for."""
DEEP = 256
"""Rows of a piece: 512 KB in all."""


def times_transposed(ops: Room, a: Array, b: Array, bias: Array | None, c: Array, finish: Ending = PLAIN) -> None:
    """c (M, N) = a (M, K) b (N, K)' + bias, finished; bias may be None."""
    (m, k), n = a.shape, b.shape[0]
    if m <= FEW:
        level = bias_or_zeros(ops, bias, n)
        least = max(1, LEAST // (4 * max(1, k)))
        ops.workers.share(ceil(n / 4), lambda lo, hi, _: dots(a, b, level, c, finish, lo * 4, min(hi * 4, n)), least=least)
        return
    columns = ops.scratch("dense.columns", (ceil(m / LANES), k, LANES))
    made = ops.scratch("dense.made", (ceil(m / LANES), ceil(n / LANES) * LANES, LANES))
    level = bias_or_zeros(ops, bias, n)
    rest = ops.scratch("dense.rest", (LANES, k))
    rest.fill(0)
    rest[: n % LANES] = b[n - n % LANES :]
    turn(a, columns)
    ops.workers.share(ceil(n / LANES), lambda lo, hi, _: rows_of_b(b, rest, level, columns, made, c, finish, lo, hi))


def times(ops: Room, a: Array, b: Array, c: Array) -> None:
    """c (M, N) = a (M, K) b (K, N)."""
    (m, k), n = a.shape, b.shape[1]
    rows = ceil(m / ROWS) * ROWS
    left = ops.scratch("dense.left", (ceil(k / LANES), rows, LANES))
    piece = ops.scratch("dense.piece", (ops.workers.count, WIDE, DEEP, LANES))
    made = ops.scratch("dense.panel", (ops.workers.count, WIDE, rows, LANES))
    pack(a, left)
    ops.workers.share(ceil(n / LANES), lambda lo, hi, worker: _columns_of_b(left, b, piece[worker], made[worker], c, lo, hi))


def add_transposed_times(ops: Room, a: Array, b: Array, c: Array) -> None:
    """c (M, N) += a (K, M)' b (K, N)."""
    (k, m), n = a.shape, b.shape[1]
    left = ops.scratch("dense.left", (ceil(m / LANES), k, LANES))
    piece = ops.scratch("dense.right", (ops.workers.count, WIDE, k, LANES))
    made = ops.scratch("dense.piece", (ops.workers.count, WIDE, DEEP, LANES))
    pack(a, left)
    ops.workers.share(ceil(n / LANES), lambda lo, hi, worker: _add_columns(left, b, m, piece[worker], made[worker], c, lo, hi))


@kernel
def dots(a: Array, b: Array, bias: Array, c: Array, finish: Ending, lo: int, hi: int) -> None:
    """c' = b a', finished, for the rows lo..hi of b, four at a time; fewer are left at the end of b alone, so that sums are taken alike."""
    for n in range(lo, hi - (hi - lo) % 4, 4):
        b0, b1, b2, b3 = b[n], b[n + 1], b[n + 2], b[n + 3]
        for m in range(a.shape[0]):
            row = a[m]
            s0, s1, s2, s3 = numpy.float32(0), numpy.float32(0), numpy.float32(0), numpy.float32(0)
            for k in range(row.size):
                s0 += row[k] * b0[k]
                s1 += row[k] * b1[k]
                s2 += row[k] * b2[k]
                s3 += row[k] * b3[k]
            c[m, n], c[m, n + 1], c[m, n + 2], c[m, n + 3] = s0, s1, s2, s3
    for n in range(hi - (hi - lo) % 4, hi):
        for m in range(a.shape[0]):
            row, other, s0 = a[m], b[n], numpy.float32(0)
            for k in range(row.size):
                s0 += row[k] * other[k]
            c[m, n] = s0
    for m in range(a.shape[0]):
        for n in range(lo, hi):
            c[m, n] += bias[n]
        for n in range(lo, hi, LANES):
            target = at(c, m, n)
            finish_lanes(target, 0, hi - n, numpy.float32(0), beside(target, finish), finish[1], target)


@inlined
def at(a: Array, row: int, column: int) -> int:
    """The address of a matrix's element."""
    return a.ctypes.data + (row * a.shape[1] + column) * BYTES


@kernel
def turn(a: Array, out: Array) -> None:
    """out = a' blocked: lanes are rows of a."""
    for block in range(out.shape[0]):
        row = block * LANES
        for k in range(0, a.shape[1] - a.shape[1] % LANES, LANES):
            gather(1, at(a, row, k), a.shape[1], 0, a.shape[0] - row, 0, 1, 0, LANES, out[block, k].ctypes.data)
        for k in range(a.shape[1] - a.shape[1] % LANES, a.shape[1]):
            for lane in range(LANES):
                out[block, k, lane] = a[row + lane, k] if row + lane < a.shape[0] else 0


@kernel
def pack(a: Array, out: Array) -> None:
    """out = a blocked, zero beyond its columns; more rows than it has are left alone."""
    for block in range(out.shape[0]):
        for row in range(a.shape[0]):
            take(at(a, row, block * LANES), 0, a.shape[1] - block * LANES, out[block, row].ctypes.data)


@kernel
def rows_of_b(b: Array, rest: Array, bias: Array, columns: Array, made: Array, c: Array, finish: Ending, lo: int, hi: int) -> None:
    """c' = b a', finished, for the blocks lo..hi of rows of b, then turned; `rest` has the last rows of b that are no whole block."""
    k, nothing = b.shape[1], numpy.zeros(LANES, numpy.float32)
    for block in range(lo, hi):
        first = block * LANES
        whole = first + LANES <= b.shape[0]
        for i in range(made.shape[0]):
            for row in range(LANES):
                for lane in range(LANES):
                    made[i, first + row, lane] = bias[first + row] if whole or first + row < b.shape[0] else 0
        source = at(b, first, 0) if whole else rest.ctypes.data
        out = made.ctypes.data + first * BLOCK
        multiply_rows(source, k, columns.ctypes.data, k, out, made.shape[1], LANES, k, made.shape[0], True)
        for i in range(made.shape[0]):
            row = i * LANES
            source, target = made[i, first].ctypes.data, at(c, row, first)
            finish_rows(
                source, nothing.ctypes.data, beside(target, finish), finish[1], target, c.shape[1], c.shape[0] - row, c.shape[1] - first
            )  # fmt: skip


@kernel
def _columns_of_b(left: Array, b: Array, piece: Array, made: Array, c: Array, lo: int, hi: int) -> None:
    """c = a b for the blocks lo..hi of columns, a packed in `left`."""
    rows = left.shape[1]
    for start in range(lo, hi, WIDE):
        blocks = min(WIDE, hi - start)
        for first in range(0, b.shape[0], DEEP):
            terms = min(DEEP, b.shape[0] - first)
            padded = (terms + LANES - 1) // LANES * LANES
            for block in range(blocks):
                column = (start + block) * LANES
                target = piece.ctypes.data + block * padded * BLOCK
                for row in range(terms):
                    take(at(b, first + row, column), 0, b.shape[1] - column, target + row * BLOCK)
                for row in range(terms, padded):
                    take(target, 0, 0, target + row * BLOCK)
            source = left.ctypes.data + first // LANES * rows * BLOCK
            multiply(source, rows, piece.ctypes.data, made.ctypes.data, rows, c.shape[0], padded, blocks, first > 0)
        for row in range(c.shape[0]):
            for block in range(blocks):
                column, source = (start + block) * LANES, made.ctypes.data + (block * rows + row) * BLOCK
                move(0, source, 0, c.shape[1] - column, numpy.float32(0), at(c, row, column))


@kernel
def take_columns(b: Array, start: int, blocks: int, piece: Array) -> None:
    """piece = so many blocks of columns of b from block `start` on, blocked, zero beyond them."""
    for block in range(blocks):
        column = (start + block) * LANES
        for row in range(b.shape[0]):
            take(at(b, row, column), 0, b.shape[1] - column, piece[block, row].ctypes.data)


@kernel
def _add_columns(left: Array, b: Array, m: int, piece: Array, made: Array, c: Array, lo: int, hi: int) -> None:
    """c += a' b for the blocks lo..hi of columns, a packed in `left`."""
    k = b.shape[0]
    for start in range(lo, hi, WIDE):
        blocks = min(WIDE, hi - start)
        take_columns(b, start, blocks, piece)
        for first in range(0, m, DEEP):
            rows = min(DEEP, m - first)
            source = left.ctypes.data + first // LANES * k * BLOCK
            multiply_transposed(source, piece.ctypes.data, k, made.ctypes.data, DEEP, rows, k, blocks, False)
            for row in range(rows):
                for block in range(blocks):
                    column, out = (start + block) * LANES, made.ctypes.data + (block * DEEP + row) * BLOCK
                    move(1, out, 0, b.shape[1] - column, numpy.float32(0), at(c, first + row, column))
