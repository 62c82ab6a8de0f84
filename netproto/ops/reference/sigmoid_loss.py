"""The cross entropy of independent yes-or-no predictions. Caffe: sigmoid_cross_entropy_loss_layer.cpp."""

from __future__ import annotations

from .arrays import Array, Arrays


class SigmoidLoss(Arrays):
    """x, target, prob and dx hold equally many elements; `loss`, `weight` and `divisor` are as in Loss."""

    def sigmoid_cross_entropy_loss(
        self, x: Array, target: Array, prob: Array, loss: Array, divisor: Array, *, ignore: int | None, normalizer: float | None
    ) -> None:
        """prob = 1 / (1 + exp(-x)), loss = the sum of -target * log(prob) - (1 - target) * log(1 - prob) over the divisor."""
        self.xp.multiply(x, 0.5, out=prob)
        self.xp.tanh(prob, out=prob)
        prob *= 0.5
        prob += 0.5
        cost = self.scratch("sigmoid_loss.cost", x.shape)
        self.xp.abs(x, out=cost)
        self.xp.negative(cost, out=cost)
        self.xp.exp(cost, out=cost)
        self.xp.log1p(cost, out=cost)
        cost += x * ((x >= 0) - target.reshape(x.shape))
        if ignore is not None:
            cost *= self._not(ignore, target, x.shape)
        divisor[...] = max(1.0, normalizer) if normalizer is not None else self._number(target, ignore)
        loss[...] = cost.sum(dtype="float64") / divisor

    def sigmoid_cross_entropy_loss_backward(
        self, prob: Array, target: Array, weight: Array, divisor: Array, dx: Array, *, ignore: int | None
    ) -> None:
        """dx = weight / divisor * (prob - target), 0 where the target is ignored."""
        self.xp.subtract(prob, target.reshape(prob.shape), out=dx)
        if ignore is not None:
            dx *= self._not(ignore, target, prob.shape)
        dx *= weight / divisor

    def _number(self, target: Array, ignore: int | None) -> Array | int:
        """How many targets count, at least 1."""
        return max(1, target.size) if ignore is None else self.xp.maximum(self._not(ignore, target, target.shape).sum(), 1)

    def _not(self, ignore: int, target: Array, shape: tuple[int, ...]) -> Array:
        """Where the target, its fraction dropped, is not `ignore`."""
        return self.xp.trunc(target).reshape(shape) != ignore
