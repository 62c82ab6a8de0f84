"""How results leave: turned or as they are, with a constant, with another array's numbers, and through a ReLU, in one go.

Addresses are in bytes, steps in elements. `other` is the address of what is added, element for element as at the target, or 0. The ReLU is
y where y > 0, else slope * y; slope 1 leaves everything as it is.
"""

from __future__ import annotations

from typing import Any

import numpy
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .jit import inlined
from .transpose import MASK, below, masked_load, masked_store, transposed
from .vectors import INDEX, LANES, ZERO, element, everywhere, load

Ending = tuple[int, Any]
"""How many bytes behind each element of the target what is added to it stands, 0 where nothing is; and the slope."""
PLAIN: Ending = (0, numpy.float32(1))


def rectified(slope: float) -> Ending:
    """A ReLU, and nothing added."""
    return 0, numpy.float32(slope)


@intrinsic
def _finish_rows(
    context: Any, source: Any, bias: Any, other: Any, slope: Any, target: Any, channel_step: Any, channels: Any, count: Any
) -> Any:  # fmt: skip
    """The lanes of LANES vectors at source become rows of `count` pixels at target + lane * channel_step, for lanes < channels.

    A lane gets the number at bias + lane.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, bias, other, slope, target, channel_step, channels, count = args
        inside, nowhere = below(builder, count), ir.Constant(MASK, [0] * LANES)
        adding = builder.select(_is_there(builder, other), inside, nowhere)
        level, leak = load(builder, bias), everywhere(builder, slope)
        vectors = [builder.fadd(load(builder, element(builder, source, (z, INDEX(LANES)))), level) for z in range(LANES)]
        for lane, row in enumerate(transposed(builder, vectors, 1)):
            there = builder.icmp_signed("<", INDEX(lane), channels)
            more = masked_load(builder, element(builder, other, (lane, channel_step)), builder.select(there, adding, nowhere))
            result = ramp(builder, builder.fadd(row, more), leak)
            masked_store(builder, result, element(builder, target, (lane, channel_step)), builder.select(there, inside, nowhere))
        return context.get_dummy_value()

    return types.void(*[types.intp] * 3, types.float32, *[types.intp] * 4), emit


@intrinsic
def _finish_lanes(context: Any, source: Any, first: Any, last: Any, level: Any, other: Any, slope: Any, target: Any) -> Any:
    """target[lane] = source[lane] + level for the lanes first..last; others are neither read nor written."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, first, last, level, other, slope, target = args
        mask = builder.and_(below(builder, first, at_least=True), below(builder, last))
        adding = builder.select(_is_there(builder, other), mask, ir.Constant(MASK, [0] * LANES))
        value = builder.fadd(masked_load(builder, source, mask), everywhere(builder, level))
        value = ramp(builder, builder.fadd(value, masked_load(builder, other, adding)), everywhere(builder, slope))
        masked_store(builder, value, target, mask)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 3, types.float32, types.intp, types.float32, types.intp), emit


finish_rows: Any = _finish_rows
finish_lanes: Any = _finish_lanes


@inlined
def beside(target: int, finish: Ending) -> int:
    """The address of what is added to the element at `target`, or 0."""
    return target + finish[0] if finish[0] != 0 else 0


def _is_there(builder: Any, address: Any) -> Any:
    return builder.icmp_signed("!=", address, INDEX(0))


def ramp(builder: Any, value: Any, leak: Any) -> Any:
    """The ReLU. A slope of 0 gives 0 for -Inf too; NaN goes through."""
    low = builder.select(builder.fcmp_ordered("==", leak, ZERO), ZERO, builder.fmul(value, leak))
    return builder.select(builder.fcmp_ordered("<=", value, ZERO), low, value)
