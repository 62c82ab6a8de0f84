from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..schema import messages
from .base import LAYERS, Layer, count


@LAYERS.register("Reduction")
class Reduction(Layer):
    """A sum over the last axes.

    Shapes: (..., d[axis], ...) -> (...): all axes from `axis` on are summed over; a scalar where axis is 0.
    Formula: y = coeff * the sum of x (SUM), |x| (ASUM) or x ** 2 (SUMSQ), or coeff * the mean of x (MEAN).
    Caffe: src/caffe/layers/reduction_layer.cpp.
    Differences: none.
    """

    type = "Reduction"

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.operation = messages.enum_name(self.message.reduction_param, "operation")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        param = self.message.reduction_param
        return [bottom[0][: self.canonical_axis(param.axis, len(bottom[0]), "reduction_param.axis")]]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        reduce = {"ASUM": self.ops.reduce_asum, "SUMSQ": self.ops.reduce_sumsq}.get(self.operation, self.ops.reduce_sum)
        reduce(bottom[0].data, top[0].data, coeff=self._coeff(bottom[0].shape, top[0].shape))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        x, dy, dx = bottom[0].data, top[0].diff, bottom[0].diff
        coeff = self._coeff(bottom[0].shape, top[0].shape)
        if self.operation == "ASUM":
            self.ops.reduce_asum_backward(x, dy, dx, coeff=coeff)
        elif self.operation == "SUMSQ":
            self.ops.reduce_sumsq_backward(x, dy, dx, coeff=coeff)
        else:
            self.ops.reduce_sum_backward(dy, dx, coeff=coeff)

    def _coeff(self, bottom: Shape, top: Shape) -> float:
        coeff: float = self.message.reduction_param.coeff
        return coeff / max(count(bottom, len(top)), 1) if self.operation == "MEAN" else coeff
