"""The inner loops of normal_chain.py, which ask for the lines of the next run while they work on one.

Addresses are in bytes; `ahead` is how far behind an element the one of the next run stands, in elements. A run has `count` elements.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .prefetch import READ, WRITE, ask
from .streaming import store_past
from .transpose import below, masked_load, masked_store
from .vectors import INDEX, LANES, ZERO, element, everywhere, load, multiply_add, store

HALF = LANES // 2
DOUBLES = ir.VectorType(ir.DoubleType(), HALF)
SUMS = 4 * HALF
"""The float64 numbers that two running sums take, halves of vectors side by side."""

Body = Callable[[Any, Any, list[Any]], list[Any]]


@intrinsic
def _add_moments(context: Any, x: Any, count: Any, ahead: Any, sums: Any) -> Any:
    """sums += x and x * x, element by element."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, count, ahead, sums = args

        def add(i: Any, mask: Any, totals: list[Any]) -> list[Any]:
            value = _read(builder, x, i, mask, ahead)
            return _add(builder, totals, value, value)

        _store_sums(builder, sums, _across(builder, count, _load_sums(builder, sums), add))
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4), emit


def _normalise(context: Any, past: Any, x: Any, y: Any, count: Any, ahead: Any, mean: Any, factor: Any, shift: Any, slope: Any) -> Any:
    """y = the ReLU of (x - mean) * factor + shift; none with the slope 1. past: whether y passes the caches by, a constant."""
    passes = bool(past.literal_value)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, x, y, count, ahead = args[:5]
        mean, factor, shift, leak = (everywhere(builder, scalar) for scalar in args[5:])

        def make(i: Any, mask: Any, nothing: list[Any]) -> list[Any]:
            centred = builder.fsub(_read(builder, x, i, mask, None), mean)
            value = multiply_add(builder, centred, factor, shift)
            value = builder.select(builder.fcmp_ordered("<=", value, ZERO), _leaked(builder, value, leak), value)
            if passes and mask is None:
                store_past(builder, value, element(builder, y, (i, INDEX(1))))
            else:
                _write(builder, value, y, i, mask, ahead)
            return nothing

        _across(builder, count, [], make)
        return context.get_dummy_value()

    return types.void(past, *[types.intp] * 4, *[types.float32] * 4), emit


def _add_products(
    context: Any, rectified: Any, x: Any, y: Any, dy: Any, count: Any, ahead: Any, mean: Any, slope: Any, sums: Any
) -> Any:  # fmt: skip
    """sums += g and g * (x - mean), g being what the ReLU lets through of dy.

    rectified: whether there is one, a constant; else y is not read.
    """
    relu = bool(rectified.literal_value)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, x, y, dy, count, ahead, mean, slope, sums = args
        mean, leak = everywhere(builder, mean), everywhere(builder, slope)

        def add(i: Any, mask: Any, totals: list[Any]) -> list[Any]:
            g = _passed(builder, relu, y, dy, i, mask, leak, ahead)
            return _add(builder, totals, g, builder.fsub(_read(builder, x, i, mask, ahead), mean))

        _store_sums(builder, sums, _across(builder, count, _load_sums(builder, sums), add))
        return context.get_dummy_value()

    return types.void(rectified, *[types.intp] * 5, *[types.float32] * 2, types.intp), emit


def _spread_gradient(
    context: Any, rectified: Any, x: Any, y: Any, dy: Any, dx: Any, count: Any,
    mean: Any, slope: Any, level: Any, steepness: Any, factor: Any,
) -> Any:  # fmt: skip
    """dx = (g - level - (x - mean) * steepness) * factor."""
    relu = bool(rectified.literal_value)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, x, y, dy, dx, count = args[:6]
        mean, leak, level, steepness, factor = (everywhere(builder, scalar) for scalar in args[6:])

        def make(i: Any, mask: Any, nothing: list[Any]) -> list[Any]:
            g = builder.fsub(_passed(builder, relu, y, dy, i, mask, leak, None), level)
            centred = builder.fsub(_read(builder, x, i, mask, None), mean)
            slanted = builder.fsub(g, builder.fmul(centred, steepness, flags=("contract",)), flags=("contract",))
            _write(builder, builder.fmul(slanted, factor), dx, i, mask, None)
            return nothing

        _across(builder, count, [], make)
        return context.get_dummy_value()

    return types.void(rectified, *[types.intp] * 5, *[types.float32] * 5), emit


add_moments: Any = _add_moments
normalise: Any = intrinsic(prefer_literal=True)(_normalise)
add_products: Any = intrinsic(prefer_literal=True)(_add_products)
spread_gradient: Any = intrinsic(prefer_literal=True)(_spread_gradient)


def _across(builder: Any, count: Any, starts: list[Any], body: Body) -> list[Any]:
    """Emit a loop over the vectors of a run that carries values: body(first element, mask, values), mask being None for whole vectors."""
    whole = builder.and_(count, INDEX(-LANES))
    entry, head, inside, done = builder.block, *(builder.append_basic_block(name) for name in ("head", "inside", "done"))
    builder.branch(head)
    builder.position_at_end(head)
    i, values = builder.phi(INDEX), [builder.phi(start.type) for start in starts]
    builder.cbranch(builder.icmp_signed("<", i, whole), inside, done)
    builder.position_at_end(inside)
    more = body(i, None, values)
    for phi, start, now in zip([i, *values], [INDEX(0), *starts], [builder.add(i, INDEX(LANES)), *more], strict=True):
        phi.add_incoming(start, entry)
        phi.add_incoming(now, builder.block)
    builder.branch(head)
    builder.position_at_end(done)
    return body(whole, below(builder, builder.sub(count, whole)), values)


def _read(builder: Any, source: Any, i: Any, mask: Any, ahead: Any) -> Any:
    address = element(builder, source, (i, INDEX(1)))
    if ahead is not None:
        ask(builder, element(builder, address, (ahead, INDEX(1))), 1, READ)
    return load(builder, address) if mask is None else masked_load(builder, address, mask)


def _write(builder: Any, value: Any, target: Any, i: Any, mask: Any, ahead: Any) -> None:
    address = element(builder, target, (i, INDEX(1)))
    if ahead is not None:
        ask(builder, element(builder, address, (ahead, INDEX(1))), 1, WRITE)
    if mask is None:
        store(builder, value, address)
    else:
        masked_store(builder, value, address, mask)


def _leaked(builder: Any, value: Any, leak: Any) -> Any:
    """value * leak; a slope of 0 gives 0 for -Inf too."""
    return builder.select(builder.fcmp_ordered("==", leak, ZERO), ZERO, builder.fmul(value, leak))


def _passed(builder: Any, relu: bool, y: Any, dy: Any, i: Any, mask: Any, leak: Any, ahead: Any) -> Any:
    g = _read(builder, dy, i, mask, ahead)
    if not relu:
        return g
    return builder.select(builder.fcmp_ordered(">", _read(builder, y, i, mask, ahead), ZERO), g, _leaked(builder, g, leak))


def _add(builder: Any, totals: list[Any], value: Any, factor: Any) -> list[Any]:
    """The sums of value and of value * factor, in halves."""
    more = []
    for half in range(2):
        lanes = list(range(half * HALF, (half + 1) * HALF))
        first, second = (builder.fpext(_lanes(builder, v, lanes), DOUBLES) for v in (value, factor))
        more += [builder.fadd(totals[2 * half], first), multiply_add(builder, first, second, totals[2 * half + 1])]
    return more


def _lanes(builder: Any, value: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(value, value, ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes))


def _load_sums(builder: Any, sums: Any) -> list[Any]:
    return [builder.load(place, align=8) for place in _places(builder, sums)]


def _store_sums(builder: Any, sums: Any, values: list[Any]) -> None:
    for value, place in zip(values, _places(builder, sums), strict=True):
        builder.store(value, place, align=8)


def _places(builder: Any, sums: Any) -> list[Any]:
    return [builder.inttoptr(builder.add(sums, INDEX(i * HALF * 8)), DOUBLES.as_pointer()) for i in range(4)]
