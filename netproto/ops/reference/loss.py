"""Losses: one number from predictions and what they should have been.

`loss` (shape ()) is overwritten. In a backward pass `weight` (shape ()) is the gradient of the loss, and all gradients are in proportion to
it; both stay arrays, so that nothing waits for a device.
"""

from __future__ import annotations

import numpy

from .arrays import Array
from .labels import Labels, by_class
from .softmax import Softmax

FLT_MIN = float(numpy.finfo("float32").tiny)
"""The probability below which SoftmaxWithLoss does not go, in float64 too: its loss is 87.3365 at most."""


class Loss(Softmax, Labels):
    """normalizer: what the sum of losses is divided by, at least 1; None stands for the number of predictions that count.

    `divisor` (shape ()) keeps that number for the backward pass.
    """

    def softmax_loss(
        self, x: Array, label: Array, prob: Array, loss: Array, divisor: Array, *, axis: int, ignore: int | None, normalizer: float | None
    ) -> None:
        """prob = softmax(x), loss = the sum of -log(max(prob of the label, FLT_MIN)) over the divisor."""
        self.softmax(x, prob, axis=axis)
        classes = by_class(x.shape, axis)
        own, counts = self._predictions(label, classes, ignore)
        cost = -self.xp.log(self.xp.maximum(prob.reshape(classes)[own], FLT_MIN))
        self._normalize((cost * counts).sum(dtype="float64"), counts, loss, divisor, normalizer)

    def softmax_loss_backward(
        self, prob: Array, label: Array, weight: Array, divisor: Array, dx: Array, *, axis: int, ignore: int | None
    ) -> None:
        """dx = weight / divisor * (prob - 1 at the label), 0 where the label is ignored."""
        classes = by_class(prob.shape, axis)
        own, counts = self._predictions(label, classes, ignore)
        gradient = dx.reshape(classes)
        self.copy(prob, dx)
        gradient[own] -= 1
        gradient *= (counts * (weight / divisor))[:, None, :]

    def _normalize(self, total: Array, counts: Array, loss: Array, divisor: Array, normalizer: float | None) -> None:
        divisor[...] = max(1.0, normalizer) if normalizer is not None else self.xp.maximum(counts.sum(), 1)
        loss[...] = total / divisor
