"""The largest element of each window and where it stands, LANES neighbouring outputs at a time.

Windows are gone through in reading order, and only a larger element takes the place of one: the first of equal ones stays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..reference.pooling import LOWEST
from .jit import kernel
from .pooling import reach
from .transpose import INTEGER, NUMBERS, below, every, masked_store, wanted
from .vectors import INDEX, LANES, REAL, VECTOR, element, everywhere

Array = Any
BYTES = 4
SIDE_BY_SIDE = ir.Constant(NUMBERS, list(range(LANES)))


def _largest(
    context: Any, stride: Any, source: Any, place: Any, left: Any, width: Any, rows: Any, columns: Any, count: Any, y: Any, mask: Any
) -> Any:  # fmt: skip
    """y[lane], mask[lane] = the largest element of a window of rows x columns and its place, for the lanes below count.

    The window of lane 0 begins at the address `source`, which is column `left` of a row of so many columns as `width` says, and the place
    `place`; that of each other lane `stride`, a constant, columns further. What lies outside of a row does not count: with nothing inside,
    y is LOWEST and the place -1.
    """
    step = stride.literal_value

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, source, place, left, width, rows, columns, count, y, mask = args
        entry = builder.block
        row_head, head, body, row_end, done = (builder.append_basic_block(name) for name in ("rows", "columns", "body", "row_end", "done"))
        limit, apart = _spread(builder, width), ir.Constant(NUMBERS, [lane * step for lane in range(LANES)])

        builder.branch(row_head)
        builder.position_at_end(row_head)
        row, best_of_rows, place_of_rows = builder.phi(INDEX), builder.phi(VECTOR), builder.phi(NUMBERS)
        builder.cbranch(builder.icmp_signed("<", row, rows), head, done)

        builder.position_at_end(head)
        tap, best, at = builder.phi(INDEX), builder.phi(VECTOR), builder.phi(NUMBERS)
        builder.cbranch(builder.icmp_signed("<", tap, columns), body, row_end)

        builder.position_at_end(body)
        shift = builder.add(builder.mul(row, width), tap)
        column = builder.add(left, tap)
        there = [
            builder.and_(_inside(builder, builder.add(column, INDEX(part * LANES)), SIDE_BY_SIDE, limit), wanted(step, part))
            for part in range(step)
        ]
        value = every(builder, element(builder, source, (shift, INDEX(1))), there)
        inside = _inside(builder, column, apart, limit)
        larger = builder.and_(builder.fcmp_ordered(">", value, best), inside)
        places = builder.add(_spread(builder, builder.add(place, shift)), apart)
        more, there = builder.select(larger, value, best), builder.select(larger, places, at)
        following = builder.add(tap, INDEX(1))
        builder.branch(head)

        builder.position_at_end(row_end)
        next_row = builder.add(row, INDEX(1))
        builder.branch(row_head)

        nothing, nowhere = ir.Constant(VECTOR, [LOWEST] * LANES), ir.Constant(NUMBERS, [-1] * LANES)
        for phi, first, now in ((row, INDEX(0), next_row), (best_of_rows, nothing, best), (place_of_rows, nowhere, at)):
            phi.add_incoming(first, entry)
            phi.add_incoming(now, row_end)
        for phi, first, now in ((tap, INDEX(0), following), (best, best_of_rows, more), (at, place_of_rows, there)):
            phi.add_incoming(first, row_head)
            phi.add_incoming(now, body)
        builder.position_at_end(done)
        real = below(builder, count)
        masked_store(builder, best_of_rows, y, real)
        masked_store(builder, builder.bitcast(place_of_rows, VECTOR), mask, real)
        return context.get_dummy_value()

    return types.void(stride, *[types.intp] * 9), emit


def _inside(builder: Any, column: Any, apart: Any, limit: Any) -> Any:
    """A mask of the lanes whose column, the first one's and so much further, is at least 0 and below the limit."""
    return builder.icmp_unsigned("<", builder.add(_spread(builder, column), apart), limit)


def _spread(builder: Any, number: Any) -> Any:
    """A vector of one integer."""
    return builder.bitcast(everywhere(builder, builder.bitcast(builder.trunc(number, INTEGER), REAL)), NUMBERS)


largest: Any = intrinsic(prefer_literal=True)(_largest)


@cache
def max_pool(stride: int) -> Callable[..., None]:
    """The kernel for windows that are so many columns apart."""

    @kernel
    def run(x, y, mask, window, lo, hi):  # type: ignore[no-untyped-def]
        """y and mask (planes, OH, OW) of x (planes, H, W), for the planes lo..hi. window: (kh, kw, sh, sw, ph, pw)."""
        kh, kw, sh, _, ph, pw = window
        height, width = x.shape[1:]
        for plane in range(lo, hi):
            for oy in range(y.shape[1]):
                first, last = reach(oy, kh, sh, ph, height)
                for ox in range(0, y.shape[2], LANES):
                    left, out = ox * stride - pw, ((plane * y.shape[1] + oy) * y.shape[2] + ox) * BYTES
                    place = first * width + left
                    largest(
                        stride, x.ctypes.data + (plane * height * width + place) * BYTES, place, left, width,
                        last - first, kw, y.shape[2] - ox, y.ctypes.data + out, mask.ctypes.data + out,
                    )  # fmt: skip

    return run
