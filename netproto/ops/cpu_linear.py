"""InnerProduct on all cores."""

from __future__ import annotations

from .cpu_kernels.dense import add_transposed_times, times, times_transposed
from .cpu_kernels.finish import rectified
from .cpu_kernels.workers import Workers, fits
from .reference.arrays import Array
from .reference.rectified import Rectified


class CpuLinear(Rectified):
    """The family of linear; the result does not depend on the number of workers."""

    workers: Workers

    def linear(self, x: Array, w: Array, bias: Array | None, y: Array, *, transpose: bool) -> None:
        if not fits(x, w, bias, y):
            super().linear(x, w, bias, y, transpose=transpose)
        elif not transpose:
            times_transposed(self, x, w, bias, y)
        else:
            times(self, x, w, y)
            if bias is not None:
                y += bias

    def rectified_linear(self, x: Array, w: Array, bias: Array | None, y: Array, *, transpose: bool, slope: float) -> None:
        if transpose or not fits(x, w, bias, y):
            super().rectified_linear(x, w, bias, y, transpose=transpose, slope=slope)
        else:
            times_transposed(self, x, w, bias, y, rectified(slope))

    def linear_backward(
        self, x: Array, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, *, transpose: bool
    ) -> None:
        if not fits(x, w, dy, dx, dw, db):
            super().linear_backward(x, w, dy, dx, dw, db, transpose=transpose)
            return
        if dw is not None:
            add_transposed_times(self, *((x, dy) if transpose else (dy, x)), dw)
        if db is not None:
            db += dy.sum(axis=0)
        if dx is not None and transpose:
            times_transposed(self, dy, w, None, dx)
        elif dx is not None:
            times(self, dy, w, dx)
