"""Every so many-th pixel of maps, and back: what a strided convolution 1 x 1 reads, and where its gradient goes. Planes (count, H, W)."""

from __future__ import annotations

from typing import Any

import numpy

from .channelwise import planes_each
from .jit import kernel
from .products import BYTES
from .transpose import pick_all
from .vectors import LANES
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


@kernel
def _thin(x: Array, y: Array, rows: int, columns: int, lo: int, hi: int) -> None:
    for plane in range(lo, hi):
        for i in range(y.shape[1]):
            source, target, done = x[plane, i * rows], y[plane, i], 0
            if columns == 2:
                while 2 * (done + LANES) <= source.size:
                    pick_all(2, source.ctypes.data + 2 * done * BYTES, target.ctypes.data + done * BYTES)
                    done += LANES
            for j in range(done, target.size):
                target[j] = source[j * columns]


@kernel
def _spread(dy: Array, dx: Array, rows: int, columns: int, lo: int, hi: int) -> None:
    zero = numpy.float32(0)
    for plane in range(lo, hi):
        for i in range(dx.shape[1]):
            target = dx[plane, i]
            if i % rows or i // rows >= dy.shape[1]:
                target[:] = zero
                continue
            source = dy[plane, i // rows]
            if columns == 2:
                for j in range(target.size // 2):
                    target[2 * j] = source[j]
                    target[2 * j + 1] = zero
                for j in range(target.size // 2, source.size):
                    target[2 * j] = source[j]
            else:
                target[:] = zero
                for j in range(source.size):
                    target[j * columns] = source[j]
