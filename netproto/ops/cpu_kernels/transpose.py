"""Numbers that stand side by side become vectors, with a channel or a pixel in each lane, and back: what the scalar loops of a compiler
do at a fraction of the speed. Addresses are in bytes, steps in elements.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .vectors import INDEX, LANES, REAL, VECTOR, ZERO, element, everywhere, load, store

INTEGER, BIT = ir.IntType(32), ir.IntType(1)
MASK, NUMBERS = ir.VectorType(BIT, LANES), ir.VectorType(INTEGER, LANES)


def _gather(
    context: Any, stride: Any, source: Any, channel_step: Any, row_step: Any,
    channels: Any, first_row: Any, last_row: Any, first: Any, last: Any, target: Any,
) -> Any:  # fmt: skip
    """LANES / stride vectors with a channel of stride 1 in each lane, from LANES neighbours in each of as many rows of images.

    stride: 1, 2 or 4, a constant. Lane (c * stride + i) * stride + j of vector z, at target + z * LANES, is the element
    source + c * channel_step + i * row_step + z * stride + j; or 0 unless c < channels, first_row <= i < last_row and
    first <= z * stride + j < last. Nothing is read that is not used.
    """
    step = stride.literal_value

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, source, channel_step, row_step, channels, first_row, last_row, first, last, target = args
        inside = builder.and_(below(builder, first, at_least=True), below(builder, last))
        rows = []
        for q in range(LANES // step):
            c, i = divmod(q, step)
            there = builder.icmp_signed("<", INDEX(c), channels)
            if step > 1:
                there = builder.and_(there, builder.icmp_signed("<=", first_row, INDEX(i)))
                there = builder.and_(there, builder.icmp_signed("<", INDEX(i), last_row))
            mask = builder.select(there, inside, ir.Constant(MASK, [0] * LANES))
            rows.append(masked_load(builder, element(builder, source, (c, channel_step), (i, row_step)), mask))
        for z, vector in enumerate(transposed(builder, rows, step)):
            store(builder, vector, element(builder, target, (z, INDEX(LANES))))
        return context.get_dummy_value()

    return types.void(stride, *[types.intp] * 9), emit


def _scatter(context: Any, add: Any, source: Any, bias: Any, target: Any, channel_step: Any, channels: Any, count: Any) -> Any:
    """The inverse for stride 1: the lanes of LANES vectors at source become rows of `count` pixels at target + lane * channel_step.

    add = 0: a row is the lanes plus the number at bias + lane; add = 1: the lanes are added to the row. For lanes < channels.
    """
    adds = bool(add.literal_value)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, source, bias, target, channel_step, channels, count = args
        inside, nowhere = below(builder, count), ir.Constant(MASK, [0] * LANES)
        vectors = [load(builder, element(builder, source, (z, INDEX(LANES)))) for z in range(LANES)]
        if not adds:
            level = load(builder, bias)
            vectors = [builder.fadd(vector, level) for vector in vectors]
        for lane, row in enumerate(transposed(builder, vectors, 1)):
            mask = builder.select(builder.icmp_signed("<", INDEX(lane), channels), inside, nowhere)
            address = element(builder, target, (lane, channel_step))
            value = builder.fadd(masked_load(builder, address, mask), row) if adds else row
            masked_store(builder, value, address, mask)
        return context.get_dummy_value()

    return types.void(add, *[types.intp] * 6), emit


def _move(context: Any, add: Any, source: Any, first: Any, last: Any, level: Any, target: Any) -> Any:
    """target[lane] = or, if add, += source[lane] + level for the lanes first..last; others are neither read nor written."""
    adds = bool(add.literal_value)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, source, first, last, level, target = args
        mask = builder.and_(below(builder, first, at_least=True), below(builder, last))
        value = builder.fadd(masked_load(builder, source, mask), everywhere(builder, level))
        if adds:
            value = builder.fadd(masked_load(builder, target, mask), value)
        masked_store(builder, value, target, mask)
        return context.get_dummy_value()

    return types.void(add, types.intp, types.intp, types.intp, types.float32, types.intp), emit


@intrinsic
def _take(context: Any, source: Any, first: Any, last: Any, target: Any) -> Any:
    """target = the lanes first..last at source, the others 0."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, first, last, target = args
        mask = builder.and_(below(builder, first, at_least=True), below(builder, last))
        store(builder, masked_load(builder, source, mask), target)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4), emit


def _pick(context: Any, stride: Any, source: Any, first: Any, last: Any, since: Any, target: Any) -> Any:
    """target[lane] = source[lane * stride] for the lanes first..last, 0 for the others; the lanes before `since` are left as they are.

    stride: 1 or 2, a constant. What is not wanted is not read.
    """
    step = stride.literal_value

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, source, first, last, since, target = args
        masks = []
        for part in range(step):
            begin, end = (builder.sub(builder.mul(limit, INDEX(step)), INDEX(part * LANES)) for limit in (first, last))
            inside = builder.and_(below(builder, begin, at_least=True), below(builder, end))
            masks.append(builder.and_(inside, wanted(step, part)))
        masked_store(builder, every(builder, source, masks), target, below(builder, since, at_least=True))
        return context.get_dummy_value()

    return types.void(stride, *[types.intp] * 5), emit


def _pick_all(context: Any, stride: Any, source: Any, target: Any) -> Any:
    """target[lane] = source[lane * stride]; stride: 1 or 2, a constant. Nothing behind the last one is read."""
    step = stride.literal_value

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, source, target = args
        store(builder, every(builder, source, [wanted(step, part) for part in range(step)]), target)
        return context.get_dummy_value()

    return types.void(stride, types.intp, types.intp), emit


@intrinsic
def _add_apart(context: Any, source: Any, first: Any, last: Any, target: Any) -> Any:
    """target[2 * lane] += source[lane] for the lanes first..last; nothing else is touched."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, first, last, target = args
        inside = builder.and_(below(builder, first, at_least=True), below(builder, last))
        values = masked_load(builder, source, inside)
        for half in range(2):
            apart = [half * LANES // 2 + lane // 2 for lane in range(LANES)]
            begin, end = (builder.sub(builder.mul(limit, INDEX(2)), INDEX(half * LANES)) for limit in (first, last))
            mask = builder.and_(below(builder, begin, at_least=True), below(builder, end))
            mask = builder.and_(mask, ir.Constant(MASK, [lane % 2 == 0 for lane in range(LANES)]))
            place = element(builder, target, (half, INDEX(LANES)))
            total = builder.fadd(masked_load(builder, place, mask), shuffle(builder, values, values, apart))
            masked_store(builder, total, place, mask)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4), emit


@intrinsic
def _pick_far(context: Any, source: Any, stride: Any, first: Any, last: Any, since: Any, target: Any) -> Any:
    """The same for any stride."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, stride, first, last, since, target = args
        zero = ir.Constant(REAL, 0)
        for lane in range(LANES):
            number = INDEX(lane)
            there = builder.and_(builder.icmp_signed("<=", first, number), builder.icmp_signed("<", number, last))
            with builder.if_then(builder.icmp_signed("<=", since, number)):
                with builder.if_else(there) as (then, otherwise):
                    with then:
                        read = builder.load(builder.inttoptr(element(builder, source, (lane, stride)), REAL.as_pointer()))
                        near = builder.block
                    with otherwise:
                        far = builder.block
                value = builder.phi(REAL)
                value.add_incoming(read, near)
                value.add_incoming(zero, far)
                builder.store(value, builder.inttoptr(element(builder, target, (lane, INDEX(1))), REAL.as_pointer()))
        return context.get_dummy_value()

    return types.void(*[types.intp] * 6), emit


pick: Any = intrinsic(prefer_literal=True)(_pick)
pick_all: Any = intrinsic(prefer_literal=True)(_pick_all)
pick_far: Any = _pick_far
add_apart: Any = _add_apart
gather: Any = intrinsic(prefer_literal=True)(_gather)
scatter: Any = intrinsic(prefer_literal=True)(_scatter)
move: Any = intrinsic(prefer_literal=True)(_move)
take: Any = _take


def transposed(builder: Any, rows: list[Any], size: int) -> list[Any]:
    """Swap rows and columns of a square of blocks of `size` lanes: pairs of rows exchange halves, then quarters, and so on."""
    rows, distance = list(rows), len(rows) // 2
    while distance:
        width = distance * size
        upper = [j if j & width == 0 else LANES + j - width for j in range(LANES)]
        lower = [j + width if j & width == 0 else LANES + j for j in range(LANES)]
        for i in range(len(rows)):
            if i & distance == 0:
                a, b = rows[i], rows[i + distance]
                rows[i], rows[i + distance] = shuffle(builder, a, b, upper), shuffle(builder, a, b, lower)
        distance //= 2
    return rows


def wanted(step: int, part: int) -> Any:
    """A mask of the lanes of vector `part` of several that hold every step-th number."""
    return ir.Constant(MASK, [(part * LANES + lane) % step == 0 for lane in range(LANES)])


def every(builder: Any, source: Any, masks: list[Any]) -> Any:
    """The numbers source[lane * step], step being how many masks there are: one for each of as many vectors; 0 where it is not set."""
    step, value = len(masks), None
    for part, mask in enumerate(masks):
        read = masked_load(builder, element(builder, source, (part, INDEX(LANES))), mask)
        if step == 1:
            return read
        lanes = [LANES + i * step % LANES if i * step // LANES == part else i for i in range(LANES)]
        value = shuffle(builder, read if value is None else value, read, lanes)
    return value


def shuffle(builder: Any, a: Any, b: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(INTEGER, LANES), lanes))


def below(builder: Any, limit: Any, *, at_least: bool = False) -> Any:
    """A mask of the lanes whose number is below the limit, or else of those that are not."""
    lanes = ir.Constant(NUMBERS, list(range(LANES)))
    nothing = ir.Constant(NUMBERS, ir.Undefined)
    spread = builder.insert_element(nothing, builder.trunc(limit, INTEGER), INTEGER(0))
    spread = builder.shuffle_vector(spread, nothing, ir.Constant(NUMBERS, [0] * LANES))
    return builder.icmp_signed(">=" if at_least else "<", lanes, spread)


def masked_load(builder: Any, address: Any, mask: Any) -> Any:
    """The lanes of the mask, zero elsewhere, where memory is not touched."""
    kind = ir.FunctionType(VECTOR, [VECTOR.as_pointer(), INTEGER, MASK, VECTOR])
    function = _declared(builder, f"llvm.masked.load.v{LANES}f32.p0v{LANES}f32", kind)
    place = builder.inttoptr(address, VECTOR.as_pointer())
    return builder.call(function, [place, INTEGER(4), mask, ZERO])


def masked_store(builder: Any, value: Any, address: Any, mask: Any) -> None:
    kind = ir.FunctionType(ir.VoidType(), [VECTOR, VECTOR.as_pointer(), INTEGER, MASK])
    function = _declared(builder, f"llvm.masked.store.v{LANES}f32.p0v{LANES}f32", kind)
    builder.call(function, [value, builder.inttoptr(address, VECTOR.as_pointer()), INTEGER(4), mask])


def _declared(builder: Any, name: str, kind: Any) -> Any:
    found = builder.module.globals.get(name)
    return found if found is not None else ir.Function(builder.module, kind, name)
