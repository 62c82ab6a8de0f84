from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("Permute")
class Permute(Layer):
    """Axes in another order.

    Shapes: d -> (d[order[0]], d[order[1]], ...); axes that order does not name follow as they stand. Where this changes nothing the top is
        a view of the bottom.
    Formula: y = x transposed.
    Caffe: none; src/caffe/layers/permute_layer.cpp of SSD and the forks that have it from there.
    Differences: none.
    """

    type = "Permute"

    def setup(self, bottom: Sequence[Shape]) -> None:
        written, axes = list(self.message.permute_param.order), range(len(bottom[0]))
        for axis in written:
            self.require(axis in axes, f"order names axis {axis} of a blob with {len(axes)} axes", field="permute_param.order")
            self.require(written.count(axis) == 1, f"order names axis {axis} twice", field="permute_param.order")
        self.order = [*written, *(axis for axis in axes if axis not in written)]
        self.changes = self.order != list(axes)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape = bottom[0]
        self.require(
            len(shape) == len(self.order), f"the bottom had {len(self.order)} axes and now has the shape {shape}", field="bottom[0]"
        )
        return [tuple(shape[axis] for axis in self.order)]

    def data_views(self) -> dict[int, int]:
        return {} if self.changes else {0: 0}

    diff_views = data_views

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        if self.changes:
            self.ops.permute(bottom[0].data, top[0].data, order=self.order)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0] and self.changes:
            self.ops.permute_backward(top[0].diff, bottom[0].diff, order=self.order)
