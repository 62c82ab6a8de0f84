"""Softmax and its loss on a GPU."""

from __future__ import annotations

from .gpu_arrays import GpuArrays, fits
from .reference.arrays import Array
from .reference.labels import by_class

COUNTED = -1.0
"""Stands for a normalizer that is the number of labels that count."""


class GpuSoftmax(GpuArrays):
    """Rows are left to blocks, columns to threads. A label that is no class makes the loss NaN: nothing waits to look at labels."""

    def first_bad_label(self, label: Array, *, classes: int, ignore: int | None) -> int:
        """-1 without a look at the labels, unless within `checked`."""
        return super().first_bad_label(label, classes=classes, ignore=ignore) if self.careful else -1

    def softmax(self, x: Array, y: Array, *, axis: int) -> None:
        if not fits(x, y):
            super().softmax(x, y, axis=axis)
            return
        outer, classes, inner = by_class(x.shape, axis)
        if inner == 1:
            self.kernels.blocks("softmax_rows", outer, outer, classes, x, y)
        else:
            self.kernels.each("softmax_columns", outer * inner, classes, inner, x, y)

    def softmax_backward(self, y: Array, dy: Array, dx: Array, *, axis: int) -> None:
        if not fits(y, dy, dx):
            super().softmax_backward(y, dy, dx, axis=axis)
            return
        outer, classes, inner = by_class(y.shape, axis)
        if inner == 1:
            self.kernels.blocks("softmax_rows_backward", outer, outer, classes, y, dy, dx)
        else:
            self.kernels.each("softmax_columns_backward", outer * inner, classes, inner, y, dy, dx)

    def softmax_loss(
        self,
        x: Array,
        label: Array,
        class_weights: Array | None,
        prob: Array,
        loss: Array,
        divisor: Array,
        *,
        axis: int,
        ignore: int | None,
        normalizer: float | None,
    ) -> None:
        if not fits(x, label, class_weights, prob, loss, divisor):
            super().softmax_loss(x, label, class_weights, prob, loss, divisor, axis=axis, ignore=ignore, normalizer=normalizer)
            return
        self.softmax(x, prob, axis=axis)
        outer, classes, inner = by_class(x.shape, axis)
        each, counted = self.scratch("softmax.each", (outer * inner,)), self.scratch("softmax.counted", (outer * inner,))
        self.kernels.each("softmax_loss_each", outer * inner, prob, label, class_weights, classes, inner, *_ignored(ignore), each, counted)
        self.kernels.blocks("mean_loss", 1, outer * inner, each, counted, COUNTED if normalizer is None else normalizer, loss, divisor)

    def softmax_loss_each(self, prob: Array, label: Array, each: Array, *, axis: int, ignore: int | None) -> None:
        if not fits(prob, label, each):
            super().softmax_loss_each(prob, label, each, axis=axis, ignore=ignore)
            return
        outer, classes, inner = by_class(prob.shape, axis)
        self.kernels.each("softmax_loss_each", outer * inner, prob, label, None, classes, inner, *_ignored(ignore), each, None)

    def softmax_loss_backward(
        self,
        prob: Array,
        label: Array,
        class_weights: Array | None,
        weight: Array,
        divisor: Array,
        dx: Array,
        *,
        axis: int,
        ignore: int | None,
    ) -> None:
        if not fits(prob, label, class_weights, weight, divisor, dx):
            super().softmax_loss_backward(prob, label, class_weights, weight, divisor, dx, axis=axis, ignore=ignore)
            return
        _, classes, inner = by_class(prob.shape, axis)
        numbers = classes, inner, *_ignored(ignore)
        self.kernels.each("softmax_loss_backward", dx.size, prob, label, class_weights, weight, divisor, *numbers, dx)


def _ignored(ignore: int | None) -> tuple[bool, int]:
    return ignore is not None, ignore or 0
