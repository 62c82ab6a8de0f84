"""Losses over differences: one number from two arrays that should be alike, or far apart.

`loss` (shape ()) is overwritten; `weight` (shape ()) is its gradient in a backward pass. N is the first extent. `sign` is 1 for the
gradient of the first array, -1 for that of the second.
"""

from __future__ import annotations

from .arrays import Array, Arrays

CONTRASTIVE_EPSILON = 1e-4  # what Caffe adds to a distance that it divides by


class DistanceLoss(Arrays):
    """a, b, diff and their gradients hold equally many elements for each of the N items; b may have another shape than a."""

    def euclidean_loss(self, a: Array, b: Array, diff: Array, loss: Array) -> None:
        """diff = a - b, loss = sum diff**2 / (2 N)."""
        self.xp.subtract(a, b.reshape(a.shape), out=diff)
        loss[...] = self.xp.vdot(diff, diff) / (2 * _items(diff))

    def euclidean_loss_backward(self, diff: Array, weight: Array, dx: Array, *, sign: int) -> None:
        """dx = sign * weight / N * diff."""
        self.xp.multiply(diff.reshape(dx.shape), weight * (sign / _items(diff)), out=dx)

    def contrastive_loss(
        self, a: Array, b: Array, label: Array, diff: Array, squares: Array, loss: Array, *, margin: float, legacy: bool
    ) -> None:
        """diff (N, C) = a - b, squares (N) = sum diff**2 = d**2, loss = the sum over the items / (2 N).

        An item costs d**2 where its label is not 0, else max(margin - d, 0)**2, or max(margin - d**2, 0) with `legacy`.
        """
        self.xp.subtract(a.reshape(diff.shape), b.reshape(diff.shape), out=diff)
        squares[...] = (diff * diff).sum(axis=1)
        short = self._shortfall(squares, margin, legacy)
        cost = self.xp.where(self._similar(label), squares, short if legacy else short * short)
        loss[...] = cost.sum(dtype="float64") / (2 * _items(diff))

    def contrastive_loss_backward(
        self, diff: Array, squares: Array, label: Array, weight: Array, dx: Array, *, margin: float, legacy: bool, sign: int
    ) -> None:
        """dx = sign * weight / N * diff * (1 for similar pairs, -short / (d + 1e-4) for others, or with `legacy` -1 where they cost)."""
        short = self._shortfall(squares, margin, legacy)
        pull = short > 0 if legacy else short / (self.xp.sqrt(squares) + CONTRASTIVE_EPSILON)
        factor = self.xp.where(self._similar(label), 1, -pull.astype(diff.dtype)) * (weight * (sign / _items(diff)))
        self.xp.multiply(diff, factor[:, None], out=dx.reshape(diff.shape))

    def l1_loss(self, a: Array, b: Array, diff: Array, loss: Array) -> None:
        """diff = a - b, loss = sum |diff| / N."""
        self.xp.subtract(a, b.reshape(a.shape), out=diff)
        loss[...] = self.xp.abs(diff).sum(dtype="float64") / _items(diff)

    def l1_loss_backward(self, diff: Array, weight: Array, dx: Array, *, sign: int) -> None:
        """dx = sign * weight / N * the sign of diff."""
        self.xp.sign(diff.reshape(dx.shape), out=dx)
        dx *= weight * (sign / _items(diff))

    def smooth_l1_loss(
        self,
        a: Array,
        b: Array,
        inside: Array | None,
        outside: Array | None,
        diff: Array,
        cost: Array,
        loss: Array,
        *,
        sigma: float,
        divisor: float,
    ) -> None:
        """diff = inside * (a - b), cost = outside * (sigma**2 diff**2 / 2 where |diff| < 1 / sigma**2, else |diff| - 1 / (2 sigma**2)).

        loss = sum cost / divisor. inside and outside are of a's shape, or None for 1.
        """
        self.xp.subtract(a, b.reshape(a.shape), out=diff)
        if inside is not None:
            diff *= inside.reshape(a.shape)
        distance = self.scratch("smooth_l1.distance", a.shape)
        self.xp.abs(diff, out=distance)
        self.xp.minimum(distance, 1 / sigma**2, out=cost)
        distance -= cost / 2
        cost *= distance
        cost *= sigma**2
        if outside is not None:
            cost *= outside.reshape(a.shape)
        loss[...] = cost.sum(dtype="float64") / divisor

    def smooth_l1_loss_each(self, cost: Array, each: Array) -> None:
        """each (N, 1, ...) = the sum of cost (N, C, ...) over C."""
        each[...] = cost.sum(axis=1).reshape(each.shape)

    def smooth_l1_loss_backward(
        self,
        diff: Array,
        inside: Array | None,
        outside: Array | None,
        weight: Array,
        dx: Array,
        *,
        sigma: float,
        divisor: float,
        sign: int,
    ) -> None:
        """dx = sign * weight / divisor * inside * outside * (sigma**2 diff, cut at -1 and 1)."""
        self.xp.multiply(diff.reshape(dx.shape), sigma**2, out=dx)
        self.xp.clip(dx, -1, 1, out=dx)
        dx *= weight * (sign / divisor)
        for factor in (inside, outside):
            if factor is not None:
                dx *= factor.reshape(dx.shape)

    def _similar(self, label: Array) -> Array:
        return self.xp.trunc(label.reshape(-1)) != 0

    def _shortfall(self, squares: Array, margin: float, legacy: bool) -> Array:
        """How much each pair is too near, 0 where it is far enough."""
        return self.xp.maximum(margin - (squares if legacy else self.xp.sqrt(squares)), 0)


def _items(x: Array) -> int:
    """The first extent, 1 where it is 0: a batch without items costs nothing."""
    return max(1, len(x))
