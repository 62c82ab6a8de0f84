"""What passes once over large arrays: ReLU, Dropout, the update of SGD, filling and copying, on all cores."""

from __future__ import annotations

import numpy

from .cpu_kernels import masked
from .cpu_kernels.dense_update import update_by_product
from .cpu_kernels.philox import draw_mask
from .cpu_kernels.update import factors_of, sgd_update
from .cpu_kernels.workers import Workers, fits
from .reference.activation import Activation
from .reference.arrays import Array, Number
from .reference.rng import Rng, keep_from
from .reference.update import Update

LEAST = 32768
"""Elements that are worth waking a worker for."""


class CpuUpdate(Activation, Update, Rng):
    """Single passes; the result does not depend on the number of workers."""

    workers: Workers
    takes_products = True

    def fill(self, x: Array, value: float) -> None:
        if not x.flags.c_contiguous or x.size < 2 * LEAST:
            super().fill(x, value)
            return
        flat = x.reshape(-1)
        self.workers.share(x.size, lambda lo, hi, _: flat[lo:hi].fill(value), least=LEAST)

    def copy(self, src: Array, dst: Array) -> None:
        if dst.size < 2 * LEAST or not (src.flags.c_contiguous and dst.flags.c_contiguous and src.shape == dst.shape):
            super().copy(src, dst)
            return
        source, target = src.reshape(-1), dst.reshape(-1)
        self.workers.share(dst.size, lambda lo, hi, _: numpy.copyto(target[lo:hi], source[lo:hi]), least=LEAST)

    def relu(self, x: Array, y: Array, *, slope: float) -> None:
        if not fits(x, y):
            super().relu(x, y, slope=slope)
            return
        source, target, leak = x.reshape(-1), y.reshape(-1), numpy.float32(slope)
        self.workers.share(x.size, lambda lo, hi, _: masked.relu(source, target, leak, lo, hi), least=LEAST)

    def relu_backward(self, x: Array, dy: Array, dx: Array, *, slope: float) -> None:
        if not fits(x, dy, dx):
            super().relu_backward(x, dy, dx, slope=slope)
            return
        arrays, leak = [a.reshape(-1) for a in (x, dy, dx)], numpy.float32(slope)
        self.workers.share(x.size, lambda lo, hi, _: masked.relu_backward(*arrays, leak, lo, hi), least=LEAST)

    def dropout(self, x: Array, y: Array, mask: Array, *, ratio: float, key: int, ordinal: int) -> None:
        if not fits(x, y) or not mask.flags.c_contiguous:
            super().dropout(x, y, mask, ratio=ratio, key=key, ordinal=ordinal)
            return
        numbers = [numpy.uint64(number) for number in (keep_from(ratio), key, ordinal)]
        flat = mask.reshape(-1)
        self.workers.share(-(-x.size // 4), lambda lo, hi, _: draw_mask(flat, *numbers, lo, hi), least=LEAST // 16)
        self.dropout_backward(x, mask, y, ratio=ratio)

    def dropout_backward(self, dy: Array, mask: Array, dx: Array, *, ratio: float) -> None:
        if not fits(dy, dx) or not mask.flags.c_contiguous:
            super().dropout_backward(dy, mask, dx, ratio=ratio)
            return
        arrays, factor = [a.reshape(-1) for a in (dy, mask, dx)], numpy.float32(1 / (1 - ratio))
        self.workers.share(dy.size, lambda lo, hi, _: masked.apply_mask(*arrays, factor, lo, hi), least=LEAST)

    def sgd_update(
        self, data: Array, diff: Array, history: Array, *, rate: Number, momentum: float, decay: float, l1: bool, scale: Number = 1.0
    ) -> None:
        if not fits(data, diff, history):
            super().sgd_update(data, diff, history, rate=rate, momentum=momentum, decay=decay, l1=l1, scale=scale)
            return
        arrays = [a.reshape(-1) for a in (data, diff, history)]
        factors = factors_of(rate, momentum, decay, scale, l1=l1)
        self.workers.share(data.size, lambda lo, hi, _: sgd_update(*arrays, factors, lo, hi), least=LEAST)

    def sgd_update_by_product(
        self,
        data: Array,
        dy: Array,
        x: Array,
        history: Array,
        *,
        rate: Number,
        momentum: float,
        decay: float,
        l1: bool,
        scale: Number = 1.0,
    ) -> None:
        if not fits(data, dy, x, history):
            super().sgd_update_by_product(data, dy, x, history, rate=rate, momentum=momentum, decay=decay, l1=l1, scale=scale)
            return
        update_by_product(self, dy, x, data, history, factors_of(rate, momentum, decay, scale, l1=l1))
