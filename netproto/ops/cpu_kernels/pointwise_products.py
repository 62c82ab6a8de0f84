"""Matrix products that ask for what they need next while they multiply, so that memory is read and written meanwhile.

Operands are given by their addresses, in bytes, 0 being nothing's; steps are in elements. See vectors.py and products.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic

from .jit import inlined, kernel
from .prefetch import READ, WRITE, ask
from .products import BYTES
from .streaming import store_past
from .vectors import INDEX, LANES, MOST_VECTORS, ROWS, ZERO, broadcast, element, load, multiply_add, repeat, store

Steps = Any  # a tuple of numbers
LINES = 8
"""The lines of a row that are asked for at once: memory is read faster in runs."""


def _product(vectors: int) -> Callable[..., Any]:
    @intrinsic
    def product(
        context: Any, a: Any, row: Any, step: Any, block: Any, inner: Any, outer: Any, b: Any, b_vector: Any,
        c: Any, c_row: Any, c_vector: Any, add: Any, past: Any, turn: Any, read: Any, read_row: Any, write: Any,
    ) -> Any:  # fmt: skip
        """c[i, v] = or, if add, += the sum over t of a[i, t] * b[t, v]: ROWS rows of `vectors` vectors.

        a[i, t] stands at a + i * row + t // inner * block + t % inner * step, t < inner * outer; b[t, v] at b + t * LANES + v * b_vector;
        c[i, v] at c + i * c_row + v * c_vector. Every `turn` terms of a block LINES lines at `read` and `vectors` lines at `write` are
        asked for, the next ones read_row and c_row further on. past: whether results pass the caches by, where nothing is added.
        """
        return types.void(*[types.intp] * 11, types.boolean, types.boolean, *[types.intp] * 4), emit

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, row, step, block, inner, outer, b, b_vector, c, c_row, c_vector, add, past, turn, read, read_row, write = args
        turns = builder.sdiv(builder.add(inner, builder.sub(turn, INDEX(1))), turn)

        def add_block(o: Any, sums: list[Any]) -> list[Any]:
            return repeat(builder, turns, 1, sums, lambda k, sums: add_turn(o, k, sums))

        def add_turn(o: Any, k: Any, sums: list[Any]) -> list[Any]:
            number, first = builder.add(builder.mul(o, turns), k), builder.mul(k, turn)
            _ask_row(builder, read, number, read_row, LINES, READ)
            _ask_row(builder, write, number, c_row, vectors, WRITE)
            left, rest = element(builder, a, (o, block), (first, step)), builder.sub(inner, first)
            right = element(builder, b, (builder.add(builder.mul(o, inner), first), INDEX(LANES)))
            count = builder.select(builder.icmp_signed("<", turn, rest), turn, rest)
            return repeat(builder, count, 1, sums, lambda t, sums: add_term(left, right, t, sums))

        def add_term(left: Any, right: Any, t: Any, sums: list[Any]) -> list[Any]:
            factors, totals = [load(builder, element(builder, right, (t, INDEX(LANES)), (v, b_vector))) for v in range(vectors)], []
            for i in range(ROWS):
                scalar = broadcast(builder, element(builder, left, (i, row), (t, step)))
                totals += [multiply_add(builder, scalar, factors[v], sums[i * vectors + v]) for v in range(vectors)]
            return totals

        sums = repeat(builder, outer, 1, [ZERO] * (ROWS * vectors), add_block)
        places = [element(builder, c, (i, c_row), (v, c_vector)) for i in range(ROWS) for v in range(vectors)]
        with builder.if_else(add) as (then, otherwise):
            with then:
                for value, place in zip(sums, places, strict=True):
                    store(builder, builder.fadd(load(builder, place), value), place)
            with otherwise, builder.if_else(past) as (away, here):
                with away:
                    for value, place in zip(sums, places, strict=True):
                        store_past(builder, value, place)
                with here:
                    for value, place in zip(sums, places, strict=True):
                        store(builder, value, place)
        return context.get_dummy_value()

    return product


def _ask_row(builder: Any, address: Any, number: Any, row: Any, lines: int, purpose: tuple[int, int]) -> None:
    """Ask for lines at address + number * row, unless the address is nothing's."""
    with builder.if_then(builder.icmp_signed("!=", address, INDEX(0))):
        ask(builder, element(builder, address, (number, row)), lines, purpose)


_product_1, _product_2, _product_3 = (_product(vectors) for vectors in (1, 2, 3))


@kernel
def multiply_ahead(
    a: int, left: Steps, terms: Steps, b: int, right: int, c: int, out: Steps, size: Steps, add: bool, past: bool, ahead: Steps
) -> None:
    """c = or, if add, += a b. size: (rows, a multiple of ROWS, and blocks of columns).

    left: (far, row, step): row r of a starts at a + r // LANES * far + r % LANES * row, and its terms follow a step apart. terms: (inner,
    outer, block), their count, and that of blocks of as many, which start `block` apart. Row t of b starts at b + t * LANES; blocks of
    columns lie `right` apart. out: (row, block), from row to row of c and from block to block.

    While the first blocks are made, the next rows of a are asked for. Then come rows of what is read later, as many as there are terms:
    ahead = (address, from row to row, blocks of columns). So is what is written next, where blocks of c lie side by side,
    unless it passes the caches by.
    """
    far, row, step = left
    inner, outer, block = terms
    rows, blocks = size
    done, asked, across = 0, 0, (ahead[2] + LINES - 1) // LINES
    turn = (inner * outer + ROWS - 1) // ROWS
    while done < blocks:
        vectors = at_once(blocks - done)
        for r in range(0, rows, ROWS):
            following, read, read_row, write = r + ROWS, 0, 0, 0
            if done == 0 and step == 1 and following < rows:
                read, read_row = a + (following // LANES * far + following % LANES * row) * BYTES, row
            elif done > 0 and asked < (inner + ROWS - 1) // ROWS * across:
                read, read_row = ahead[0] + (asked // across * ROWS * ahead[1] + asked % across * LINES * LANES) * BYTES, ahead[1]
                asked += 1
            if out[1] == LANES and not past and following < rows:
                write = c + (following * out[0] + done * LANES) * BYTES
            elif out[1] == LANES and not past and done + vectors < blocks:
                write = c + (done + vectors) * LANES * BYTES
            product(
                vectors, a + (r // LANES * far + r % LANES * row) * BYTES, row, step, block, inner, outer, b + done * right * BYTES, right,
                c + (r * out[0] + done * out[1]) * BYTES, out[0], out[1], add, past, turn, read, read_row, write,
            )  # fmt: skip
        done += vectors


@inlined
def product(
    vectors: int, a: int, row: int, step: int, block: int, inner: int, outer: int, b: int, b_vector: int,
    c: int, c_row: int, c_vector: int, add: bool, past: bool, turn: int, read: int, read_row: int, write: int,
) -> None:  # fmt: skip
    """The inner loop for so many vectors."""
    if vectors == 3:
        _product_3(a, row, step, block, inner, outer, b, b_vector, c, c_row, c_vector, add, past, turn, read, read_row, write)
    elif vectors == 2:
        _product_2(a, row, step, block, inner, outer, b, b_vector, c, c_row, c_vector, add, past, turn, read, read_row, write)
    else:
        _product_1(a, row, step, block, inner, outer, b, b_vector, c, c_row, c_vector, add, past, turn, read, read_row, write)


@inlined
def at_once(blocks: int) -> int:
    """How many blocks to take at once: threes, and twos for a rest, since one alone keeps half of the multipliers idle."""
    if MOST_VECTORS == 1 or blocks == 1:
        return 1
    return 2 if blocks == 2 or blocks == 4 else 3
