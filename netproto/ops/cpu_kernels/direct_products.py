"""The inner loops of direct.py: products of which one operand is read where it lies in shifted planes.

Addresses are in bytes, offsets (int64) and steps in elements; see vectors.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic

from .jit import inlined
from .vectors import INDEX, LANES, ROWS, ZERO, broadcast, element, entry, load, multiply_add, repeat, store

Addresses = Callable[[Any], list[Any]]


def _windows(vectors: int) -> Callable[..., Any]:
    @intrinsic
    def windows(context: Any, a: Any, row: Any, b: Any, offsets: Any, terms: Any, c: Any, c_row: Any) -> Any:
        """c[i, v] = the sum over t < terms of a[i, t] * b[offsets[t] + v]: ROWS rows of `vectors` vectors side by side.

        a[i, t] stands at a + i * row + t, c[i, v] at c + i * c_row + v * LANES.
        """
        return types.void(*[types.intp] * 7), emit

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, row, b, offsets, terms, c, c_row = args
        lefts = [element(builder, a, (i, row)) for i in range(ROWS)]

        def scalars(t: Any) -> list[Any]:
            return [element(builder, left, (t, INDEX(1))) for left in lefts]

        def right(t: Any) -> list[Any]:
            base = element(builder, b, (entry(builder, offsets, t), INDEX(1)))
            return [element(builder, base, (v, INDEX(LANES))) for v in range(vectors)]

        sums = _sums(builder, vectors, terms, scalars, right)
        for number, value in enumerate(sums):
            store(builder, value, element(builder, c, (number // vectors, c_row), (number % vectors, INDEX(LANES))))
        return context.get_dummy_value()

    return windows


def _correlations(vectors: int) -> Callable[..., Any]:
    @intrinsic
    def correlations(context: Any, a: Any, offsets: Any, terms: Any, b: Any, b_vector: Any, c: Any, c_vector: Any) -> Any:
        """c[i, v] += the sum over t < terms of a[offsets[i] + t] * b[t, v]: ROWS rows of `vectors` vectors.

        b[t, v] stands at b + t * LANES + v * b_vector, c[i, v] at c + i * LANES + v * c_vector.
        """
        return types.void(*[types.intp] * 7), emit

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, offsets, terms, b, b_vector, c, c_vector = args
        lefts = [element(builder, a, (entry(builder, offsets, INDEX(i)), INDEX(1))) for i in range(ROWS)]

        def scalars(t: Any) -> list[Any]:
            return [element(builder, left, (t, INDEX(1))) for left in lefts]

        def right(t: Any) -> list[Any]:
            return [element(builder, b, (t, INDEX(LANES)), (v, b_vector)) for v in range(vectors)]

        sums = _sums(builder, vectors, terms, scalars, right)
        for number, value in enumerate(sums):
            place = element(builder, c, (number // vectors, INDEX(LANES)), (number % vectors, c_vector))
            store(builder, builder.fadd(load(builder, place), value), place)
        return context.get_dummy_value()

    return correlations


def _sums(builder: Any, vectors: int, terms: Any, scalars: Addresses, right: Addresses) -> list[Any]:
    """Emit the loop over t < terms, at least one: ROWS * vectors sums of products, which stay in registers."""

    def add(t: Any, running: list[Any]) -> list[Any]:
        factors = [load(builder, address) for address in right(t)]
        totals = []
        for i, address in enumerate(scalars(t)):
            left = broadcast(builder, address)
            totals += [multiply_add(builder, left, factors[v], running[i * vectors + v]) for v in range(vectors)]
        return totals

    return repeat(builder, terms, 1, [ZERO] * (ROWS * vectors), add)


_windows_1, _windows_2, _windows_3 = (_windows(vectors) for vectors in (1, 2, 3))
_correlations_1, _correlations_2, _correlations_3 = (_correlations(vectors) for vectors in (1, 2, 3))


@inlined
def windows(vectors: int, a: int, row: int, b: int, offsets: int, terms: int, c: int, c_row: int) -> None:
    """c[i, v] = the sum over t < terms of a[i, t] * b[offsets[t] + v], for so many vectors."""
    if vectors == 3:
        _windows_3(a, row, b, offsets, terms, c, c_row)
    elif vectors == 2:
        _windows_2(a, row, b, offsets, terms, c, c_row)
    else:
        _windows_1(a, row, b, offsets, terms, c, c_row)


@inlined
def correlations(vectors: int, a: int, offsets: int, terms: int, b: int, b_vector: int, c: int, c_vector: int) -> None:
    """c[i, v] += the sum over t < terms of a[offsets[i] + t] * b[t, v], for so many vectors."""
    if vectors == 3:
        _correlations_3(a, offsets, terms, b, b_vector, c, c_vector)
    elif vectors == 2:
        _correlations_2(a, offsets, terms, b, b_vector, c, c_vector)
    else:
        _correlations_1(a, offsets, terms, b, b_vector, c, c_vector)
