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

    def _similar(self, label: Array) -> Array:
        return self.xp.trunc(label.reshape(-1)) != 0

    def _shortfall(self, squares: Array, margin: float, legacy: bool) -> Array:
        """How much each pair is too near, 0 where it is far enough."""
        return self.xp.maximum(margin - (squares if legacy else self.xp.sqrt(squares)), 0)


def _items(x: Array) -> int:
    """The first extent, 1 where it is 0: a batch without items costs nothing."""
    return max(1, len(x))
