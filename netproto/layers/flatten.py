from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, count


@LAYERS.register("Flatten")
class Flatten(Layer):
    """Several axes made one.

    Shapes: (..., d[axis], ..., d[end_axis], ...) -> (..., their product, ...).
    Formula: none; the top is a view of the bottom.
    Caffe: src/caffe/layers/flatten_layer.cpp.
    Differences: none. As in Caffe, an end_axis just before axis puts in an axis of 1.
    """

    type = "Flatten"

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape, param = bottom[0], self.message.flatten_param
        start = self.canonical_axis(param.axis, len(shape), "flatten_param.axis")
        stop = self.canonical_axis(param.end_axis, len(shape), "flatten_param.end_axis") + 1
        self.require(
            start <= stop, f"axis {param.axis} lies behind end_axis {param.end_axis} in the shape {shape}", field="flatten_param.axis"
        )
        return [(*shape[:start], count(shape, start, stop), *shape[stop:])]

    def data_views(self) -> dict[int, int]:
        return {0: 0}

    diff_views = data_views

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        pass

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        pass
