"""Losses over differences, and of sigmoids, on a GPU."""

from __future__ import annotations

from .gpu_arrays import GpuArrays, fits
from .gpu_softmax import COUNTED
from .reference.arrays import Array
from .reference.distance_loss import CONTRASTIVE_EPSILON


class GpuLoss(GpuArrays):
    """What is summed is summed by one block, in a fixed order."""

    def euclidean_loss(self, a: Array, b: Array, diff: Array, loss: Array) -> None:
        if not fits(a, b, diff, loss):
            super().euclidean_loss(a, b, diff, loss)
            return
        self.kernels.each("difference", diff.size, a, b, diff)
        self.kernels.blocks("scaled_squares", 1, diff.size, diff, 0.5 / max(1, len(diff)), loss)

    def euclidean_loss_backward(self, diff: Array, weight: Array, dx: Array, *, sign: int) -> None:
        if fits(diff, weight, dx):
            self.kernels.each("scaled_difference", dx.size, diff, weight, sign / max(1, len(diff)), dx)
        else:
            super().euclidean_loss_backward(diff, weight, dx, sign=sign)

    def contrastive_loss(
        self, a: Array, b: Array, label: Array, diff: Array, squares: Array, loss: Array, *, margin: float, legacy: bool
    ) -> None:
        if not fits(a, b, label, diff, squares, loss):
            super().contrastive_loss(a, b, label, diff, squares, loss, margin=margin, legacy=legacy)
            return
        pairs, count = diff.shape
        self.kernels.blocks("pair_distances", pairs, pairs, count, a, b, diff, squares)
        self.kernels.blocks("contrastive_loss", 1, pairs, squares, label, margin, legacy, 0.5 / max(1, pairs), loss)

    def contrastive_loss_backward(
        self, diff: Array, squares: Array, label: Array, weight: Array, dx: Array, *, margin: float, legacy: bool, sign: int
    ) -> None:
        if not fits(diff, squares, label, weight, dx):
            super().contrastive_loss_backward(diff, squares, label, weight, dx, margin=margin, legacy=legacy, sign=sign)
            return
        pairs, count = diff.shape
        numbers = margin, CONTRASTIVE_EPSILON, legacy, sign / max(1, pairs)
        self.kernels.each("contrastive_loss_backward", dx.size, count, diff, squares, label, weight, *numbers, dx)

    def sigmoid_cross_entropy_loss(
        self, x: Array, target: Array, prob: Array, loss: Array, divisor: Array, *, ignore: int | None, normalizer: float | None
    ) -> None:
        if not fits(x, target, prob, loss, divisor):
            super().sigmoid_cross_entropy_loss(x, target, prob, loss, divisor, ignore=ignore, normalizer=normalizer)
            return
        each, counted = self.scratch("sigmoid_loss.each", (x.size,)), self.scratch("sigmoid_loss.counted", (x.size,))
        self.kernels.each("sigmoid_loss_each", x.size, x, target, ignore is not None, ignore or 0, prob, each, counted)
        self.kernels.blocks("mean_loss", 1, x.size, each, counted, COUNTED if normalizer is None else normalizer, loss, divisor)

    def sigmoid_cross_entropy_loss_backward(
        self, prob: Array, target: Array, weight: Array, divisor: Array, dx: Array, *, ignore: int | None
    ) -> None:
        if fits(prob, target, weight, divisor, dx):
            numbers = ignore is not None, ignore or 0
            self.kernels.each("sigmoid_loss_backward", dx.size, prob, target, weight, divisor, *numbers, dx)
        else:
            super().sigmoid_cross_entropy_loss_backward(prob, target, weight, divisor, dx, ignore=ignore)
