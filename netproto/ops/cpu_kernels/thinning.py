"""Every so many-th pixel of maps, and back: what a strided convolution 1 x 1 reads, and where its gradient goes. Planes (count, H, W)."""

from __future__ import annotations

from typing import Any

import numpy
from numba import types
from numba.extending import intrinsic

from .channelwise import planes_each
from .jit import kernel
from .prefetch import read_line, write_line
from .products import BYTES
from .transpose import below, masked_load, masked_store, pick_all, shuffle
from .vectors import INDEX, LANES, ZERO, element
from .workers import Workers

Array = Any


def thin(workers: Workers, x: Array, y: Array, stride: tuple[int, ...]) -> None:
    """y = the pixels of x that lie a stride apart, from the first one on."""
    rows, columns = stride
    workers.share(len(x), lambda lo, hi, _: _thin(x, y, rows, columns, lo, hi), least=planes_each(y.reshape(1, len(y), -1)))


def spread(workers: Workers, dy: Array, dx: Array, stride: tuple[int, ...]) -> None:
    """The inverse: dx = dy where it comes from, 0 elsewhere."""
    rows, columns = stride
    workers.share(len(dx), lambda lo, hi, _: _spread(dy, dx, rows, columns, lo, hi), least=planes_each(dx.reshape(1, len(dx), -1)))


@intrinsic
def _put_apart(context: Any, source: Any, count: Any, target: Any, room: Any) -> Any:
    """target[2 * lane] = source[lane], 0 between and behind, for lanes below count and the first `room` elements of two vectors."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, count, target, room = args
        values = masked_load(builder, source, below(builder, count))
        for half in range(2):
            lanes = [LANES if lane % 2 else (half * LANES + lane) // 2 for lane in range(LANES)]
            inside = below(builder, builder.sub(room, INDEX(half * LANES)))
            masked_store(builder, shuffle(builder, values, ZERO, lanes), element(builder, target, (half, INDEX(LANES))), inside)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4), emit


put_apart: Any = _put_apart


@kernel
def _thin(x: Array, y: Array, rows: int, columns: int, lo: int, hi: int) -> None:
    following = x.shape[1] * x.shape[2] * BYTES
    for plane in range(lo, hi):
        for i in range(y.shape[1]):
            source, target, done = x[plane, i * rows], y[plane, i], 0
            for j in range(0, source.size + LANES - 1, LANES):
                read_line(source.ctypes.data + following + j * BYTES)
            if columns == 2:
                while 2 * (done + LANES) <= source.size:
                    pick_all(2, source.ctypes.data + 2 * done * BYTES, target.ctypes.data + done * BYTES)
                    done += LANES
            for j in range(done, target.size):
                target[j] = source[j * columns]


@kernel
def _spread(dy: Array, dx: Array, rows: int, columns: int, lo: int, hi: int) -> None:
    following = dx.shape[1] * dx.shape[2] * BYTES
    for plane in range(lo, hi):
        for i in range(dx.shape[1]):
            target = dx[plane, i]
            for j in range(0, target.size + LANES - 1, LANES):
                write_line(target.ctypes.data + following + j * BYTES)
            if columns != 2 or i % rows or i // rows >= dy.shape[1]:
                target[:] = numpy.float32(0)
            if i % rows == 0 and i // rows < dy.shape[1]:
                source = dy[plane, i // rows]
                if columns == 2:
                    for j in range(0, source.size, LANES):
                        put_apart(source.ctypes.data + j * BYTES, source.size - j, target.ctypes.data + 2 * j * BYTES, target.size - 2 * j)
                else:
                    for j in range(source.size):
                        target[j * columns] = source[j]
