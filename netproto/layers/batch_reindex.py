from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, exactly


@LAYERS.register("BatchReindex")
class BatchReindex(Layer):
    """The items of a batch in another order, some perhaps left out or repeated.

    Shapes: x (N, ...), indices (M) -> (M, ...).
    Formula: y[m] = x[indices[m]]; dx[n] = the sum of dy[m] over all m with indices[m] = n. The indices have no gradient.
    Caffe: src/caffe/layers/batch_reindex_layer.cpp.
    Differences: none.
    """

    type = "BatchReindex"
    bottoms = exactly(2)

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.indices: list[int] = []

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        x, indices = bottom
        self.require(len(indices) == 1, f"the indices' shape is {indices}; one axis is wanted", field="bottom[1]")
        self.require(len(x) > 0, "bottom 0 has no axis", field="bottom[0]")
        return [(indices[0], *x[1:])]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        items = bottom[0].shape[0]
        self.indices = self.ops.whole_numbers(bottom[1].data)
        for i, index in enumerate(self.indices):
            self.require(0 <= index < items, f"index {index} at {i}, of a batch of {items}", field="bottom[1]")
        self.ops.take_rows(bottom[0].data, top[0].data, rows=self.indices)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require(not propagate_down[1], "the indices have no gradient", hint="Write propagate_down: true propagate_down: false")
        if propagate_down[0]:
            self.ops.take_rows_backward(top[0].diff, bottom[0].diff, rows=self.indices)
