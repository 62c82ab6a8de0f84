"""Matrix products and softmax of a batch's rows, one worker's part of each, on plain arrays."""

from __future__ import annotations

from typing import Any

import numpy

from .dense import dots, rows_of_b, turn
from .jit import inlined, kernel
from .records import Record, array_at, part_of, pointer, record_of
from .vectors import LANES

PRODUCT = record_of("x", "y", "w", "bias", "other", "slope", "columns", "made", "rest", "batch", "inputs", "outputs")
"""x (batch, inputs), w (outputs, inputs), y (batch, outputs); other: what is added to it, or 0. The workspaces are those of
dense.times_transposed, `rest` filled already."""
SOFTMAX = record_of("x", "y", "batch", "classes")

FLOAT = numpy.float32


@kernel
def few_rows(at: Record, worker: int, count: int) -> None:
    """y = x w' + bias, for up to dense.FEW rows: a worker's part of the outputs."""
    first, last = part_of((at.outputs + 3) // 4, worker, count)
    x, w = array_at(pointer(at.x), (at.batch, at.inputs), FLOAT), array_at(pointer(at.w), (at.outputs, at.inputs), FLOAT)
    y, bias = array_at(pointer(at.y), (at.batch, at.outputs), FLOAT), array_at(pointer(at.bias), at.outputs, FLOAT)
    dots(x, w, bias, y, _ending(at), first * 4, min(last * 4, at.outputs))


@kernel
def turn_rows(at: Record, worker: int, count: int) -> None:
    """columns = x, blocked: one worker does all."""
    if worker == 0:
        x = array_at(pointer(at.x), (at.batch, at.inputs), FLOAT)
        turn(x, array_at(pointer(at.columns), ((at.batch + LANES - 1) // LANES, at.inputs, LANES), FLOAT))


@kernel
def many_rows(at: Record, worker: int, count: int) -> None:
    """y = x w' + bias of the columns that turn_rows made: a worker's part of the outputs."""
    blocks, wide = (at.batch + LANES - 1) // LANES, (at.outputs + LANES - 1) // LANES
    first, last = part_of(wide, worker, count)
    w, rest = array_at(pointer(at.w), (at.outputs, at.inputs), FLOAT), array_at(pointer(at.rest), (LANES, at.inputs), FLOAT)
    columns = array_at(pointer(at.columns), (blocks, at.inputs, LANES), FLOAT)
    made = array_at(pointer(at.made), (blocks, wide * LANES, LANES), FLOAT)
    y, bias = array_at(pointer(at.y), (at.batch, at.outputs), FLOAT), array_at(pointer(at.bias), at.outputs, FLOAT)
    rows_of_b(w, rest, bias, columns, made, y, _ending(at), first, last)


@kernel
def softmax(at: Record, worker: int, count: int) -> None:
    """Each row of y = that of x as probabilities."""
    x, y = array_at(pointer(at.x), (at.batch, at.classes), FLOAT), array_at(pointer(at.y), (at.batch, at.classes), FLOAT)
    first, last = part_of(at.batch, worker, count)
    for n in range(first, last):
        largest, total = x[n, 0], FLOAT(0)
        for c in range(at.classes):
            largest = max(largest, x[n, c])
        for c in range(at.classes):
            y[n, c] = numpy.exp(x[n, c] - largest)
            total += y[n, c]
        for c in range(at.classes):
            y[n, c] /= total


@inlined
def _ending(at: Record) -> tuple[int, Any]:
    """As finish.Ending says it."""
    return (at.other - at.y if at.other != 0 else 0), array_at(pointer(at.slope), 1, FLOAT)[0]
