from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, at_least, count


@LAYERS.register("Filter")
class Filter(Layer):
    """The items of a batch that a selector picks.

    Shapes: x[i] (N, ...) and last the selector (N), with axes of 1 after it if any -> y[i] (how many were picked, ...), N until the first
        forward pass.
    Formula: y[i] = x[i][n] for each n whose selector is not 0; the others get the gradient 0. The selector has no gradient.
    Caffe: src/caffe/layers/filter_layer.cpp.
    Differences: none.
    """

    type = "Filter"
    bottoms = at_least(2)
    tops = at_least(1)

    def setup(self, bottom: Sequence[Shape]) -> None:
        tops = len(self.message.top)
        self.require(
            tops == len(bottom) - 1, f"{tops} tops for {len(bottom)} bottoms", field="top", hint="One for each bottom but the selector"
        )
        self.picked: list[int] = []

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        selector = bottom[-1]
        self.require(
            len(selector) > 0 and count(selector, 1) == 1,
            f"the selector's shape is {selector}; all its axes but the first must be 1",
            field=f"bottom[{len(bottom) - 1}]",
        )
        for i, shape in enumerate(bottom[:-1]):
            self.require(
                shape[:1] == selector[:1], f"bottom {i} has the shape {shape} and the selector {selector[0]} items", field=f"bottom[{i}]"
            )
        return list(bottom[:-1])

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.picked = self.ops.nonzero(bottom[-1].data)
        for x, y in zip(bottom, top, strict=False):
            y.reshape((len(self.picked), *x.shape[1:]))
            self.ops.take_rows(x.data, y.data, rows=self.picked)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require(
            not propagate_down[-1], "the selector has no gradient", hint="Write a propagate_down for each bottom, false for the last"
        )
        for x, y, wanted in zip(bottom, top, propagate_down, strict=False):
            if wanted:
                self.ops.take_rows_backward(y.diff, x.diff, rows=self.picked)
