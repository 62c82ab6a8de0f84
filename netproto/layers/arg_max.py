from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, count


@LAYERS.register("ArgMax")
class ArgMax(Layer):
    """Where the largest elements are.

    Shapes: without axis: (N, ...) -> (N, 1, top_k), or (N, 2, top_k) with out_max_val, and as many axes of 1 as the bottom has more than 3.
        With axis: the bottom's, with the extent top_k there.
    Formula: without axis: the indices of the top_k largest of each x[n], best first, of equal ones the higher index, and with out_max_val
        their values behind them. With axis: the same along it, as indices or, with out_max_val, as values. No gradient.
    Caffe: src/caffe/layers/argmax_layer.cpp.
    Differences: none.
    """

    type = "ArgMax"

    def setup(self, bottom: Sequence[Shape]) -> None:
        top_k = self.message.argmax_param.top_k
        self.require(top_k > 0, f"top_k is {top_k}", field="argmax_param.top_k")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape, param = bottom[0], self.message.argmax_param
        axis = self._axis(shape)
        if axis is None:
            self.require(len(shape) > 0, "the bottom has no axis")
            self._require_enough(count(shape, 1), shape)
            return [(shape[0], 2 if param.out_max_val else 1, param.top_k, *(1,) * (len(shape) - 3))]
        self._require_enough(shape[axis], shape)
        return [(*shape[:axis], param.top_k, *shape[axis + 1 :])]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        param = self.message.argmax_param
        axis = self._axis(bottom[0].shape)
        if axis is None:
            self.ops.arg_max(bottom[0].data, top[0].data, k=param.top_k)
        else:
            self.ops.arg_max_along(bottom[0].data, top[0].data, axis=axis, values=param.out_max_val)

    def _axis(self, shape: Shape) -> int | None:
        param = self.message.argmax_param
        return self.canonical_axis(param.axis, len(shape), "argmax_param.axis") if param.HasField("axis") else None

    def _require_enough(self, candidates: int, shape: Shape) -> None:
        top_k = self.message.argmax_param.top_k
        self.require(
            top_k <= candidates, f"top_k is {top_k}, and the shape {shape} has {candidates} to choose from", field="argmax_param.top_k"
        )
