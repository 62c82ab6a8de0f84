"""The two inner loops that decide the speed of a convolution, emitted as vector instructions.

What a compiler makes of scalar loops depends on what it can prove about aliasing; these say what is meant. A vector is LANES float32
numbers; LLVM cuts it into what the machine has. All arguments are addresses in bytes, and steps in elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding
import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .cook_toom import matrix

LANES = 16

INDEX, REAL = ir.IntType(64), ir.FloatType()
VECTOR = ir.VectorType(REAL, LANES)
ZERO = ir.Constant(VECTOR, [0.0] * LANES)


def _has_avx512() -> bool:
    told = getattr(numba.config, "CPU_FEATURES", None)
    if told is not None:
        return "+avx512f" in told
    return bool(llvmlite.binding.get_host_cpu_features().get("avx512f", False))


WIDE = _has_avx512()
ROWS = 8 if WIDE else 4
"""The rows of a block of `product`: ROWS * vectors accumulators of LANES numbers have to fit into the registers, 32 of 16 numbers
with AVX-512, else (16 of 8, or 32 of 4) about a quarter of that. A power of two: it divides LANES."""
MOST_VECTORS = 3 if WIDE else 1


def rounded_up(count: int, unit: int) -> int:
    """The next multiple of a unit."""
    return -(-count // unit) * unit


def element(builder: Any, base: Any, *steps: tuple[Any, Any]) -> Any:
    """base + the sum of index * step, in bytes of float32."""
    for index, step in steps:
        index = INDEX(index) if isinstance(index, int) else index
        base = builder.add(base, builder.mul(builder.mul(index, step), INDEX(4)))
    return base


def load(builder: Any, address: Any) -> Any:
    return builder.load(builder.inttoptr(address, VECTOR.as_pointer()), align=4)


def store(builder: Any, value: Any, address: Any) -> None:
    builder.store(value, builder.inttoptr(address, VECTOR.as_pointer()), align=4)


def everywhere(builder: Any, scalar: Any) -> Any:
    """A vector of one number."""
    nothing = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, scalar, ir.IntType(32)(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def broadcast(builder: Any, address: Any) -> Any:
    """A vector of the number at an address."""
    return everywhere(builder, builder.load(builder.inttoptr(address, REAL.as_pointer())))


def entry(builder: Any, table: Any, index: Any) -> Any:
    """An element of an array of int64."""
    return builder.load(builder.inttoptr(builder.add(table, builder.mul(index, INDEX(8))), INDEX.as_pointer()))


def repeat(builder: Any, count: Any, step: int, starts: Sequence[Any], body: Callable[[Any, list[Any]], Sequence[Any]]) -> list[Any]:
    """Emit a loop over i = 0, step, 2 step, ... below count, and over 0 at any rate, that carries values in registers.

    body(i, values) emits a turn and gives the values of the next one; those of the last one are returned.
    """
    entry, again, done = builder.block, builder.append_basic_block("again"), builder.append_basic_block("done")
    builder.branch(again)
    builder.position_at_end(again)
    i, values = builder.phi(INDEX), [builder.phi(start.type) for start in starts]
    more = list(body(i, values))
    following = builder.add(i, INDEX(step))
    for phi, start, now in zip([i, *values], [INDEX(0), *starts], [following, *more], strict=True):
        phi.add_incoming(start, entry)
        phi.add_incoming(now, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, count), again, done)
    builder.position_at_end(done)
    return more


def multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    return builder.fadd(builder.fmul(a, b, flags=("contract",)), c, flags=("contract",))


def _combine(context: Any, name: Any, outputs: Any, taps: Any, add: Any, source: Any, step: Any, target: Any, stride: Any) -> Any:
    """target[i] = the sum of matrix[i, j] * source[j], or is increased by it if `add`, vectors at source + j * step, target + i * stride.

    matrix = cook_toom.matrix(name, outputs, taps). name, outputs, taps, add: constants of the program.
    """
    rows = matrix(name.literal_value, outputs.literal_value, taps.literal_value).astype("float32").tolist()
    adds = bool(add.literal_value)
    signature = types.void(name, outputs, taps, add, *[types.intp] * 4)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, _, _, _, source, step, target, stride = args
        inputs = [load(builder, element(builder, source, (j, step))) for j in range(len(rows[0]))]
        for i, row in enumerate(rows):
            address = element(builder, target, (i, stride))
            total = load(builder, address) if adds else None
            for weight, value in zip(row, inputs, strict=True):
                total = _weighted(builder, weight, value, total)
            store(builder, total, address)
        return context.get_dummy_value()

    return signature, emit


combine: Any = intrinsic(prefer_literal=True)(_combine)


@intrinsic
def _add_up(context: Any, source: Any, count: Any, target: Any) -> Any:
    """target += the sum of `count` vectors at source + i * LANES, count at least 1."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, count, target = args

        def add(i: Any, totals: list[Any]) -> list[Any]:
            return [builder.fadd(totals[0], load(builder, element(builder, source, (i, INDEX(LANES)))))]

        store(builder, repeat(builder, count, 1, [load(builder, target)], add)[0], target)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 3), emit


add_up: Any = _add_up


def _weighted(builder: Any, weight: float, value: Any, total: Any) -> Any:
    """total + weight * value; total None is zero."""
    if weight == 0:
        return total
    if total is None:
        return value if weight == 1 else builder.fmul(ir.Constant(VECTOR, [weight] * LANES), value)
    if abs(weight) == 1:
        return builder.fadd(total, value) if weight > 0 else builder.fsub(total, value)
    return multiply_add(builder, ir.Constant(VECTOR, [weight] * LANES), value, total)


def _product(vectors: int) -> Callable[..., Any]:
    @intrinsic
    def product(
        context: Any, a: Any, row: Any, step: Any, block: Any, inner: Any, outer: Any,
        b: Any, b_step: Any, b_vector: Any, c: Any, c_row: Any, c_vector: Any, add: Any,
    ) -> Any:  # fmt: skip
        """c[i, v] = or, if add, += the sum over t of a[i, t] * b[t, v]: ROWS rows of `vectors` vectors.

        a[i, t] stands at a + i * row + t // inner * block + t % inner * step, t < inner * outer; b[t, v] at b + t * b_step + v * b_vector;
        c[i, v] at c + i * c_row + v * c_vector.
        """
        return types.void(*[types.intp] * 12, types.boolean), emit

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, row, step, block, inner, outer, b, b_step, b_vector, c, c_row, c_vector, add = args
        sums = _contract(builder, vectors, a, row, step, block, inner, outer, b, b_step, b_vector)
        places = [element(builder, c, (i, c_row), (v, c_vector)) for i in range(ROWS) for v in range(vectors)]
        with builder.if_else(add) as (then, otherwise):
            with then:
                for value, place in zip(sums, places, strict=True):
                    store(builder, builder.fadd(load(builder, place), value), place)
            with otherwise:
                for value, place in zip(sums, places, strict=True):
                    store(builder, value, place)
        return context.get_dummy_value()

    return product


def _contract(
    builder: Any, vectors: int, a: Any, row: Any, step: Any, block: Any, inner: Any, outer: Any, b: Any, b_step: Any, b_vector: Any
) -> list[Any]:  # fmt: skip
    """Emit the loops over t; the sums stay in registers. inner and outer are at least 1."""
    entry = builder.block
    count = ROWS * vectors
    blocks, steps, turn, done = (builder.append_basic_block(name) for name in ("blocks", "steps", "turn", "done"))
    builder.branch(blocks)

    builder.position_at_end(blocks)
    o, a_block, b_block = builder.phi(INDEX), builder.phi(INDEX), builder.phi(INDEX)
    carried = [builder.phi(VECTOR) for _ in range(count)]
    builder.branch(steps)

    builder.position_at_end(steps)
    t, a_now, b_now = builder.phi(INDEX), builder.phi(INDEX), builder.phi(INDEX)
    running = [builder.phi(VECTOR) for _ in range(count)]
    right = [load(builder, element(builder, b_now, (v, b_vector))) for v in range(vectors)]
    totals = []
    for i in range(ROWS):
        left = broadcast(builder, element(builder, a_now, (i, row)))
        totals += [multiply_add(builder, left, right[v], running[i * vectors + v]) for v in range(vectors)]
    following = builder.add(t, INDEX(1)), element(builder, a_now, (1, step)), element(builder, b_now, (1, b_step))
    builder.cbranch(builder.icmp_signed("<", following[0], inner), steps, turn)

    builder.position_at_end(turn)
    onward = builder.add(o, INDEX(1)), element(builder, a_block, (1, block)), following[2]
    builder.cbranch(builder.icmp_signed("<", onward[0], outer), blocks, done)

    for phi, start, again in zip([o, a_block, b_block, *carried], [INDEX(0), a, b, *[ZERO] * count], [*onward, *totals], strict=True):
        phi.add_incoming(start, entry)
        phi.add_incoming(again, turn)
    for phi, start, again in zip([t, a_now, b_now, *running], [INDEX(0), a_block, b_block, *carried], [*following, *totals], strict=True):
        phi.add_incoming(start, blocks)
        phi.add_incoming(again, steps)
    builder.position_at_end(done)
    return totals


product_1: Any = _product(1)
product_2: Any = _product(2)
product_3: Any = _product(3)
