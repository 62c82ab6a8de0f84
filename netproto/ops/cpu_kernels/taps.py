"""The sums over the taps of a filter that one channel has, emitted as vector instructions.

An array of a plane lies flat, row after row, so that a tap is a shift of the whole plane. Addresses are in bytes; `shifts` holds one number
of elements (int64) for each tap, `weights` one float32. `count` elements are made, rounded up to LANES, at least one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic

from .jit import inlined
from .vectors import INDEX, LANES, ZERO, broadcast, element, entry, everywhere, load, multiply_add, repeat, store

MOST = 9
"""Taps whose weights and sums stay in registers: those of a filter of 3 x 3."""


def _correlate(taps: int) -> Callable[..., Any]:
    @intrinsic
    def correlate(
        context: Any, source: Any, shifts: Any, weights: Any, count: Any, target: Any, start: Any, add: Any
    ) -> Any:  # fmt: skip
        """target[i] = start or, if add, += the sum over t of weights[t] * source[i + shifts[t]]."""
        return types.void(*[types.intp] * 5, types.float32, types.boolean), emit

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, shifts, weights, count, target, start, add = args
        shifted = _shifted(builder, source, shifts, taps)
        factors = [broadcast(builder, element(builder, weights, (t, INDEX(1)))) for t in range(taps)]
        level = everywhere(builder, start)

        def make(i: Any, _: list[Any]) -> list[Any]:
            place = element(builder, target, (i, INDEX(1)))
            total = builder.select(add, load(builder, place), level)
            for address, factor in zip(shifted, factors, strict=True):
                total = multiply_add(builder, factor, load(builder, element(builder, address, (i, INDEX(1)))), total)
            store(builder, total, place)
            return []

        repeat(builder, count, LANES, [], make)
        return context.get_dummy_value()

    return correlate


def _correlate_gradient(taps: int) -> Callable[..., Any]:
    @intrinsic
    def gradient(context: Any, source: Any, shifts: Any, values: Any, count: Any, sums: Any) -> Any:
        """sums[t], a vector each, = the sum over i of source[i + shifts[t]] * values[i], lane by lane."""
        return types.void(*[types.intp] * 5), emit

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, shifts, values, count, sums = args
        shifted = _shifted(builder, source, shifts, taps)

        def add(i: Any, totals: list[Any]) -> list[Any]:
            value = load(builder, element(builder, values, (i, INDEX(1))))
            return [
                multiply_add(builder, load(builder, element(builder, address, (i, INDEX(1)))), value, total)
                for address, total in zip(shifted, totals, strict=True)
            ]

        for t, total in enumerate(repeat(builder, count, LANES, [ZERO] * taps, add)):
            store(builder, total, element(builder, sums, (t, INDEX(LANES))))
        return context.get_dummy_value()

    return gradient


def _shifted(builder: Any, source: Any, shifts: Any, taps: int) -> list[Any]:
    """The address of each tap's first element."""
    numbers = [entry(builder, shifts, INDEX(t)) for t in range(taps)]
    return [element(builder, source, (number, INDEX(1))) for number in numbers]


_correlate_9: Any = _correlate(MOST)
_correlate_4: Any = _correlate(4)
_correlate_1: Any = _correlate(1)
_gradient_9: Any = _correlate_gradient(MOST)
_gradient_1: Any = _correlate_gradient(1)


@inlined
def correlate(taps: int, source: int, shifts: int, weights: int, count: int, target: int, start: Any, add: bool) -> None:
    """target[i] = start or, if add, += the sum over t < taps of weights[t] * source[i + shifts[t]]; taps is at least 1."""
    t = 0
    while taps - t >= MOST:
        _correlate_9(source, shifts + 8 * t, weights + 4 * t, count, target, start, add or t > 0)
        t += MOST
    while taps - t >= 4:
        _correlate_4(source, shifts + 8 * t, weights + 4 * t, count, target, start, add or t > 0)
        t += 4
    while t < taps:
        _correlate_1(source, shifts + 8 * t, weights + 4 * t, count, target, start, add or t > 0)
        t += 1


@inlined
def correlate_gradient(taps: int, source: int, shifts: int, values: int, count: int, sums: int) -> None:
    """sums[t], a vector for each tap, = the sum over i of source[i + shifts[t]] * values[i], lane by lane."""
    t = 0
    while taps - t >= MOST:
        _gradient_9(source, shifts + 8 * t, values, count, sums + 4 * LANES * t)
        t += MOST
    while t < taps:
        _gradient_1(source, shifts + 8 * t, values, count, sums + 4 * LANES * t)
        t += 1
