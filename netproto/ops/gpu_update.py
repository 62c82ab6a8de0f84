"""The updates of solvers on a GPU: one pass over a learned blob. Rate and scale are numbers, or arrays of the device that hold one."""

from __future__ import annotations

from .gpu_arrays import GpuArrays, fits
from .reference.arrays import Array, Number


class GpuUpdate(GpuArrays):
    """One kernel per solver type."""

    def sgd_update(
        self, data: Array, diff: Array, history: Array, *, rate: Number, momentum: float, decay: float, l1: bool, scale: Number = 1.0
    ) -> None:
        if fits(data, diff, history):
            self.kernels.each("sgd_update", data.size, data, diff, history, *_number(rate), momentum, decay, l1, *_number(scale))
        else:
            super().sgd_update(data, diff, history, rate=rate, momentum=momentum, decay=decay, l1=l1, scale=scale)

    def nesterov_update(
        self, data: Array, diff: Array, history: Array, *, rate: Number, momentum: float, decay: float, l1: bool, scale: Number = 1.0
    ) -> None:
        if fits(data, diff, history):
            self.kernels.each("nesterov_update", data.size, data, diff, history, *_number(rate), momentum, decay, l1, *_number(scale))
        else:
            super().nesterov_update(data, diff, history, rate=rate, momentum=momentum, decay=decay, l1=l1, scale=scale)

    def adagrad_update(
        self, data: Array, diff: Array, history: Array, *, rate: Number, delta: float, decay: float, l1: bool, scale: Number = 1.0
    ) -> None:
        if fits(data, diff, history):
            self.kernels.each("adagrad_update", data.size, data, diff, history, *_number(rate), delta, decay, l1, *_number(scale))
        else:
            super().adagrad_update(data, diff, history, rate=rate, delta=delta, decay=decay, l1=l1, scale=scale)

    def rmsprop_update(
        self,
        data: Array,
        diff: Array,
        history: Array,
        *,
        rate: Number,
        rms_decay: float,
        delta: float,
        decay: float,
        l1: bool,
        scale: Number = 1.0,
    ) -> None:
        if fits(data, diff, history):
            self.kernels.each(
                "rmsprop_update", data.size, data, diff, history, *_number(rate), rms_decay, delta, decay, l1, *_number(scale)
            )
        else:
            super().rmsprop_update(data, diff, history, rate=rate, rms_decay=rms_decay, delta=delta, decay=decay, l1=l1, scale=scale)

    def adadelta_update(
        self,
        data: Array,
        diff: Array,
        squares: Array,
        changes: Array,
        *,
        rate: Number,
        momentum: float,
        delta: float,
        decay: float,
        l1: bool,
        scale: Number = 1.0,
    ) -> None:
        if fits(data, diff, squares, changes):
            self.kernels.each(
                "adadelta_update", data.size, data, diff, squares, changes, *_number(rate), momentum, delta, decay, l1, *_number(scale)
            )
        else:
            super().adadelta_update(
                data, diff, squares, changes, rate=rate, momentum=momentum, delta=delta, decay=decay, l1=l1, scale=scale
            )

    def adam_update(
        self,
        data: Array,
        diff: Array,
        mean: Array,
        squares: Array,
        *,
        rate: Number,
        momentum: float,
        momentum2: float,
        delta: float,
        decay: float,
        l1: bool,
        scale: Number = 1.0,
    ) -> None:
        if fits(data, diff, mean, squares):
            self.kernels.each(
                "adam_update", data.size, data, diff, mean, squares, *_number(rate), momentum, momentum2, delta, decay, l1, *_number(scale)
            )
        else:
            super().adam_update(
                data, diff, mean, squares, rate=rate, momentum=momentum, momentum2=momentum2, delta=delta, decay=decay, l1=l1, scale=scale
            )

    def clip_scale(self, squares: Array, scale: Array, *, limit: float, divisor: float) -> None:
        if fits(squares, scale):
            self.kernels.each("clip_scale", 1, squares, limit, divisor, scale)
        else:
            super().clip_scale(squares, scale, limit=limit, divisor=divisor)


def _number(value: Number) -> tuple[float, Array | None]:
    """The value and the place of a number, as kernels take them."""
    return (value, None) if isinstance(value, float) else (0.0, value)
