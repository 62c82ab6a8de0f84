"""The inner loops on blocked maps, emitted as vector instructions: a tile of neighbouring outputs whose sums stay in registers.

In a blocked map LANES channels stand side by side: (N, blocks of channels, H, W, LANES). Addresses are in bytes; tables of offsets, in
bytes too, hold int64. `other` is the address of what is added to the first output, others alike, or 0; the ReLU's slope stands at an
address of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from numba import types
from numba.extending import intrinsic

from .finish import ramp
from .jit import kernel
from .prefetch import READ, ask
from .vectors import INDEX, LANES, VECTOR, WIDE, broadcast, entry, load, multiply_add, repeat, store

LINE = 4 * LANES
"""Bytes of a vector."""
TERMS = 4
"""Channels that are multiplied for one look into a table of offsets."""
AHEAD = 8192
"""How many bytes ahead weights are asked for: where they come from memory, a tenth of the time of a batch of one."""
PORTION = 64
"""Runs that are summed at once: the error of a running sum of float32 grows with its length."""
MOST = 12 if WIDE else 3
"""Outputs of a tile: their sums for two blocks of filters fill the registers, 32 of 16 numbers with AVX-512, else 16 of 8."""


def _filtered(step: int, terms: int) -> Callable[..., Any]:
    @intrinsic
    def tile(
        context: Any, count: Any, vectors: Any,
        a: Any, offsets: Any, runs: Any, b: Any, bias: Any, other: Any, slope: Any, c: Any, c_vector: Any,
    ) -> Any:  # fmt: skip
        """`count` outputs, 1 to MOST, of `vectors` blocks of filters, 1 or 2: output i, block v, stands at c + i * LINE + v * c_vector.

        Each of so many runs, at least one, is of `terms` numbers side by side at a + offsets[run] + i * step: they are multiplied by the
        weights of all blocks, which stand at b in the order in which they are needed.
        """
        return types.void(*[types.intp] * 11), emit

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        count, vectors, *rest = args
        shapes = [(v, n) for v in (1, 2) for n in range(1, MOST + 1)]
        number = builder.add(builder.mul(builder.sub(vectors, INDEX(1)), INDEX(MOST)), builder.sub(count, INDEX(1)))
        _one_of(builder, number, [partial(_product, builder, step, terms, *shape, *rest) for shape in shapes])
        return context.get_dummy_value()

    return tile


def _product(
    builder: Any, step: int, terms: int, vectors: int, count: int,
    a: Any, offsets: Any, runs: Any, b: Any, bias: Any, other: Any, slope: Any, c: Any, c_vector: Any,
) -> None:  # fmt: skip
    def add(run: Any, values: list[Any]) -> list[Any]:
        *sums, weights = values
        source = builder.add(a, entry(builder, offsets, run))
        ask(builder, _after(builder, weights, AHEAD), terms * vectors, READ)
        for term in range(terms):
            factors = [load(builder, _after(builder, weights, (term * vectors + v) * LINE)) for v in range(vectors)]
            for i in range(count):
                left = broadcast(builder, _after(builder, source, i * step + 4 * term))
                for v, factor in enumerate(factors):
                    sums[i * vectors + v] = multiply_add(builder, left, factor, sums[i * vectors + v])
        return [*sums, _after(builder, weights, terms * vectors * LINE)]

    levels = [load(builder, _after(builder, bias, v * LINE)) for v in range(vectors)]
    *sums, _ = repeat(builder, runs, 1, [*(levels * count), b], add)
    places = [_after(builder, builder.mul(c_vector, INDEX(v)), i * LINE) for i in range(count) for v in range(vectors)]
    _leave(builder, sums, places, other, slope, c)


@intrinsic
def _emit_channelwise(context: Any, count: Any, a: Any, offsets: Any, taps: Any, b: Any, bias: Any, slope: Any, c: Any) -> Any:
    """`count` outputs, 1 to MOST, output i at c + i * LINE: the sum over the taps, at least one, of a[offsets[tap] + i * LINE] * b[tap]."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        count, *rest = args
        _one_of(builder, builder.sub(count, INDEX(1)), [partial(_sum_of_taps, builder, n, *rest) for n in range(1, MOST + 1)])
        return context.get_dummy_value()

    return types.void(*[types.intp] * 8), emit


def _sum_of_taps(builder: Any, count: int, a: Any, offsets: Any, taps: Any, b: Any, bias: Any, slope: Any, c: Any) -> None:
    def add(tap: Any, sums: list[Any]) -> list[Any]:
        source, factor = builder.add(a, entry(builder, offsets, tap)), load(builder, builder.add(b, builder.mul(tap, INDEX(LINE))))
        return [multiply_add(builder, load(builder, _after(builder, source, i * LINE)), factor, sums[i]) for i in range(count)]

    sums = repeat(builder, taps, 1, [load(builder, bias)] * count, add)
    _leave(builder, sums, [INDEX(i * LINE) for i in range(count)], INDEX(0), slope, c)


def _one_of(builder: Any, number: Any, emitters: Sequence[Callable[[], None]]) -> None:
    """Emit a choice: what the emitter of that number emits is run."""
    done = builder.append_basic_block("done")
    switch = builder.switch(number, done)
    for i, emitter in enumerate(emitters):
        block = builder.append_basic_block(f"case{i}")
        switch.add_case(INDEX(i), block)
        builder.position_at_end(block)
        emitter()
        builder.branch(done)
    builder.position_at_end(done)


def _leave(builder: Any, sums: Sequence[Any], places: Sequence[Any], other: Any, slope: Any, c: Any) -> None:
    """Store each sum at c + its place, with what stands at `other` + its place added, and through the ReLU."""
    before = builder.block
    with builder.if_then(builder.icmp_signed("!=", other, INDEX(0))):
        more = [builder.fadd(load(builder, builder.add(other, place)), value) for value, place in zip(sums, places, strict=True)]
        added = builder.block
    merged = [builder.phi(VECTOR) for _ in sums]
    for phi, value, increased in zip(merged, sums, more, strict=True):
        phi.add_incoming(value, before)
        phi.add_incoming(increased, added)
    leak = broadcast(builder, slope)
    for value, place in zip(merged, places, strict=True):
        store(builder, ramp(builder, value, leak), builder.add(c, place))


def _after(builder: Any, address: Any, distance: int) -> Any:
    return builder.add(address, INDEX(distance)) if distance else address


_channelwise: Any = _emit_channelwise
_blocked: Any = _filtered(LINE, TERMS)
_plain: Any = _filtered(4, 1)


@kernel
def blocked_row(
    width: int, vectors: int, a: int, offsets: int, runs: int, b: int, bias: int, other: int, slope: int, plain: int, c: int, c_vector: int
) -> None:  # fmt: skip
    """Neighbouring outputs of a row, whose inputs are LINE apart; each run is of TERMS channels.

    plain: the address of two vectors of 0 and a 1, a bias and a slope that change nothing.
    """
    tiles = (width + MOST - 1) // MOST
    for i in range(tiles):
        first, last = width * i // tiles, width * (i + 1) // tiles
        source, target = a + first * LINE, c + first * LINE
        for run in range(0, runs, PORTION):
            more = (other + first * LINE if other != 0 else 0) if run == 0 else target
            _blocked(
                last - first, vectors, source, offsets + run * 8, min(PORTION, runs - run), b + run * TERMS * vectors * LINE,
                bias if run == 0 else plain, more, slope if run + PORTION >= runs else plain + 2 * LINE, target, c_vector,
            )  # fmt: skip


@kernel
def plain_row(
    width: int, vectors: int, a: int, offsets: int, runs: int, b: int, bias: int, other: int, slope: int, c: int, c_vector: int
) -> None:  # fmt: skip
    """Neighbouring outputs of a row, whose inputs are neighbouring numbers; each run is of one."""
    tiles = (width + MOST - 1) // MOST
    for i in range(tiles):
        first, last = width * i // tiles, width * (i + 1) // tiles
        more = other + first * LINE if other != 0 else 0
        _plain(last - first, vectors, a + first * 4, offsets, runs, b, bias, more, slope, c + first * LINE, c_vector)


@kernel
def channelwise_row(width: int, a: int, offsets: int, taps: int, b: int, bias: int, slope: int, c: int) -> None:
    """Neighbouring outputs of a row, each channel by itself."""
    tiles = (width + MOST - 1) // MOST
    for i in range(tiles):
        first, last = width * i // tiles, width * (i + 1) // tiles
        _channelwise(last - first, a + first * LINE, offsets, taps, b, bias, slope, c + first * LINE)
