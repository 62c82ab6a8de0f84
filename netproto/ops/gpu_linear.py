"""InnerProduct on a GPU, by cuBLAS, and sums over channels."""

from __future__ import annotations

from functools import partial
from math import prod

from .gpu_arrays import GpuArrays, fits
from .reference.arrays import Array
from .reference.bound import Finish, Run

NOTHING = Finish()


class GpuLinear(GpuArrays):
    """The family of matrix products."""

    def linear(self, x: Array, w: Array, bias: Array | None, y: Array, *, transpose: bool) -> None:
        if not fits(x, w, bias, y):
            super().linear(x, w, bias, y, transpose=transpose)
            return
        self._finished_linear(x, w, bias, y, transpose, NOTHING)

    def bound_linear(self, x: Array, w: Array, bias: Array | None, y: Array, *, transpose: bool, finish: Finish) -> Run:
        if not fits(x, w, bias, y, finish.add):
            return super().bound_linear(x, w, bias, y, transpose=transpose, finish=finish)
        return partial(self._finished_linear, x, w, bias, y, transpose, finish)

    def rectified_linear(self, x: Array, w: Array, bias: Array | None, y: Array, *, transpose: bool, slope: float) -> None:
        if fits(x, w, bias, y):
            self._finished_linear(x, w, bias, y, transpose, Finish(slope=slope))
        else:
            super().rectified_linear(x, w, bias, y, transpose=transpose, slope=slope)

    def _finished_linear(self, x: Array, w: Array, bias: Array | None, y: Array, transpose: bool, finish: Finish) -> None:
        self.gemm(x, w, y, tb=not transpose)
        self.finish(y, bias, finish)

    def linear_backward(
        self, x: Array, w: Array, dy: Array, dx: Array | None, dw: Array | None, db: Array | None, *, transpose: bool
    ) -> None:
        if not fits(x, w, dy, dx, dw, db):
            super().linear_backward(x, w, dy, dx, dw, db, transpose=transpose)
            return
        if dw is not None:
            self.gemm(*((x, dy) if transpose else (dy, x)), dw, ta=True, add=True)
        if db is not None:
            self.add_channel_sums(dy[:, :, None], None, db)
        if dx is not None:
            self.gemm(dy, w, dx, tb=transpose)

    def finish(self, y: Array, bias: Array | None, finish: Finish) -> None:
        """y (outer, C, *inner) = y + bias + what finish adds, through its ReLU: one launch, or none where there is nothing to do."""
        if bias is not None or finish != NOTHING:
            self.kernels.each("finish", y.size, y, bias, finish.add, finish.slope, y.shape[1], prod(y.shape[2:]), y)

    def add_channel_sums(self, a: Array, b: Array | None, sums: Array) -> None:
        """sums (C) += those of a, or of a * b, over (outer, C, inner)."""
        outer, channels, inner = a.shape
        if inner == 1:
            self.kernels.each("add_column_sums", channels, outer, a, b, sums)
        else:
            self.kernels.blocks("add_channel_sums", channels, channels, outer, inner, a, b, sums)
