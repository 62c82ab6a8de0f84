"""Losses over classes: one number from scores or probabilities, and the class that each should have been.

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

LOG_THRESHOLD = float(numpy.float32(1e-20))
"""The same for InfogainLoss and MultinomialLogisticLoss. Caffe: kLOG_THRESHOLD."""


class Loss(Softmax, Labels):
    """normalizer: what the sum of losses is divided by, at least 1; None stands for the number of predictions that count.

    `divisor` (shape ()) keeps that number for the backward pass.
    """

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
        """prob = softmax(x), loss = the sum of -log(max(prob of the label, FLT_MIN)) over the divisor.

        class_weights (classes), or None: what the loss of each label is multiplied by.
        """
        self.softmax(x, prob, axis=axis)
        classes = by_class(x.shape, axis)
        own, counts = self._predictions(label, classes, ignore)
        cost = self._cross_entropy(prob.reshape(classes)[own], counts)
        if class_weights is not None:
            cost *= class_weights[own[1]]
        self._normalize(cost.sum(dtype="float64"), counts, loss, divisor, normalizer)

    def softmax_loss_each(self, prob: Array, label: Array, each: Array, *, axis: int, ignore: int | None) -> None:
        """each (of label's shape) = -log(max(prob of the label, FLT_MIN)), 0 where the label is ignored."""
        classes = by_class(prob.shape, axis)
        own, counts = self._predictions(label, classes, ignore)
        each[...] = self._cross_entropy(prob.reshape(classes)[own], counts).reshape(each.shape)

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
        """dx = weight / divisor * class weight of the label * (prob - 1 at the label), 0 where the label is ignored."""
        classes = by_class(prob.shape, axis)
        own, counts = self._predictions(label, classes, ignore)
        gradient = dx.reshape(classes)
        self.copy(prob, dx)
        gradient[own] -= 1
        factor = counts * (weight / divisor)
        if class_weights is not None:
            factor *= class_weights[own[1]]
        gradient *= factor[:, None, :]

    def infogain_loss(
        self,
        x: Array,
        label: Array,
        infogain: Array,
        prob: Array,
        loss: Array,
        divisor: Array,
        *,
        axis: int,
        ignore: int | None,
        normalizer: float | None,
    ) -> None:
        """prob = softmax(x), loss = the sum of -infogain[label, c] * log(max(prob of c, 1e-20)) over the divisor; infogain (C, C)."""
        self.softmax(x, prob, axis=axis)
        classes = by_class(x.shape, axis)
        own, counts = self._predictions(label, classes, ignore)
        cost = self.scratch("infogain.cost", classes)
        self.xp.maximum(prob.reshape(classes), LOG_THRESHOLD, out=cost)
        self.xp.log(cost, out=cost)
        cost *= _rows(infogain, own[1])
        self._normalize(-(cost.sum(axis=1) * counts).sum(dtype="float64"), counts, loss, divisor, normalizer)

    def infogain_loss_backward(
        self, prob: Array, label: Array, infogain: Array, weight: Array, divisor: Array, dx: Array, *, axis: int, ignore: int | None
    ) -> None:
        """dx = weight / divisor * (prob * the sum of infogain[label] - infogain[label]), 0 where the label is ignored."""
        classes = by_class(prob.shape, axis)
        own, counts = self._predictions(label, classes, ignore)
        gradient = dx.reshape(classes)
        self.xp.multiply(prob.reshape(classes), infogain.sum(axis=1)[own[1]][:, None, :], out=gradient)
        gradient -= _rows(infogain, own[1])
        gradient *= (counts * (weight / divisor))[:, None, :]

    def multinomial_loss(self, prob: Array, label: Array, loss: Array) -> None:
        """loss = the mean over the N items of -log(max(prob of the label, 1e-20)); prob (N, C)."""
        own, _ = self._predictions(label, (*prob.shape, 1), None)
        chosen = self.xp.maximum(prob[own[:2]], LOG_THRESHOLD)
        loss[...] = -self.xp.log(chosen).sum(dtype="float64") / max(1, len(prob))

    def multinomial_loss_backward(self, prob: Array, label: Array, weight: Array, dx: Array) -> None:
        """dx = -weight / N / max(prob, 1e-20) at the label, 0 elsewhere; dx (N, C)."""
        own, _ = self._predictions(label, (*prob.shape, 1), None)
        dx.fill(0)
        dx[own[:2]] = -weight / max(1, len(prob)) / self.xp.maximum(prob[own[:2]], LOG_THRESHOLD)

    def hinge_loss(self, x: Array, label: Array, margin: Array, loss: Array, *, squared: bool) -> None:
        """margin (N, C) = max(0, 1 - x at the label, 1 + x elsewhere), loss = the sum of margin, or of its square, over N."""
        own, _ = self._predictions(label, (*x.shape, 1), None)
        self.copy(x, margin)
        margin[own[:2]] *= -1
        margin += 1
        self.xp.maximum(margin, 0, out=margin)
        total = self.xp.vdot(margin, margin) if squared else margin.sum()
        loss[...] = total / max(1, len(x))

    def hinge_loss_backward(self, margin: Array, label: Array, weight: Array, dx: Array, *, squared: bool) -> None:
        """dx = weight / N * 2 * margin, or * 1 where the margin is above 0, with the sign changed at the label."""
        own, _ = self._predictions(label, (*margin.shape, 1), None)
        self.copy(margin, dx) if squared else self.xp.sign(margin, out=dx)
        dx[own[:2]] *= -1
        dx *= weight * ((2 if squared else 1) / max(1, len(margin)))

    def _cross_entropy(self, chosen: Array, counts: Array) -> Array:
        return -self.xp.log(self.xp.maximum(chosen, FLT_MIN)) * counts

    def _normalize(self, total: Array, counts: Array, loss: Array, divisor: Array, normalizer: float | None) -> None:
        divisor[...] = max(1.0, normalizer) if normalizer is not None else self.xp.maximum(counts.sum(), 1)
        loss[...] = total / divisor


def _rows(matrix: Array, label: Array) -> Array:
    """The row of each label (outer, inner), as (outer, classes, inner)."""
    return matrix[label].transpose(0, 2, 1)
