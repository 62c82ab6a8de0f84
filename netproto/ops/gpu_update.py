"""The updates of solvers on a GPU: one pass over a learned blob."""

from __future__ import annotations

from .gpu_arrays import GpuArrays, fits
from .reference.arrays import Array


class GpuUpdate(GpuArrays):
    """One kernel per solver type."""

    def sgd_update(
        self, data: Array, diff: Array, history: Array, *, rate: float, momentum: float, decay: float, l1: bool, scale: float = 1.0
    ) -> None:
        if fits(data, diff, history):
            self.kernels.each("sgd_update", data.size, data, diff, history, rate, momentum, decay, l1, scale)
        else:
            super().sgd_update(data, diff, history, rate=rate, momentum=momentum, decay=decay, l1=l1, scale=scale)

    def nesterov_update(
        self, data: Array, diff: Array, history: Array, *, rate: float, momentum: float, decay: float, l1: bool, scale: float = 1.0
    ) -> None:
        if fits(data, diff, history):
            self.kernels.each("nesterov_update", data.size, data, diff, history, rate, momentum, decay, l1, scale)
        else:
            super().nesterov_update(data, diff, history, rate=rate, momentum=momentum, decay=decay, l1=l1, scale=scale)

    def adagrad_update(
        self, data: Array, diff: Array, history: Array, *, rate: float, delta: float, decay: float, l1: bool, scale: float = 1.0
    ) -> None:
        if fits(data, diff, history):
            self.kernels.each("adagrad_update", data.size, data, diff, history, rate, delta, decay, l1, scale)
        else:
            super().adagrad_update(data, diff, history, rate=rate, delta=delta, decay=decay, l1=l1, scale=scale)
