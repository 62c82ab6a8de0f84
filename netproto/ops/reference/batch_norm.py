"""Normalisation by mean and variance: BatchNorm's over each channel, MVN's over each row. Caffe: batch_norm_layer.cpp, mvn_layer.cpp."""

from __future__ import annotations

from .arrays import Array, Arrays


class BatchNorm(Arrays):
    """BatchNorm: x (N, C, inner), mean and var (C). MVN: x (rows, inner), spread (rows). y may be x, dx may be dy."""

    def batch_stats(self, x: Array, mean: Array, var: Array) -> None:
        """mean and the biased variance of each channel."""
        self.xp.mean(x, axis=(0, 2), out=mean)
        centred = self.scratch("batch_norm.centred", x.shape)
        self.xp.subtract(x, mean[:, None], out=centred)
        centred *= centred
        self.xp.mean(centred, axis=(0, 2), out=var)

    def running_stats(
        self, mean: Array, var: Array, mean_sum: Array, var_sum: Array, factor: Array, *, fraction: float, correction: float
    ) -> None:
        """Each sum decays by fraction and gets the newest value: factor (1,) gets 1, mean_sum the mean, var_sum correction * var."""
        newest_var = self.scratch("batch_norm.newest", var.shape)
        self.xp.multiply(var, correction, out=newest_var)
        for total, newest in ((factor, 1), (mean_sum, mean), (var_sum, newest_var)):
            total *= fraction
            total += newest

    def moving_average(self, newest: Array, gathered: Array, *, fraction: float) -> None:
        """gathered = fraction * gathered + (1 - fraction) * newest."""
        share = self.scratch("batch_norm.newest", newest.shape)
        self.xp.multiply(newest, 1 - fraction, out=share)
        gathered *= fraction
        gathered += share

    def global_stats(self, mean_sum: Array, var_sum: Array, factor: Array, mean: Array, var: Array) -> None:
        """mean and var = their sums over factor; 0 where factor is 0."""
        share, none = self.scratch("batch_norm.share", factor.shape), self.scratch("batch_norm.none", factor.shape, "bool")
        self.xp.equal(factor, 0, out=none)
        self.xp.add(factor, none, out=share)
        self.xp.divide(1, share, out=share)
        self.xp.logical_not(none, out=none)
        share *= none
        self.xp.multiply(mean_sum, share, out=mean)
        self.xp.multiply(var_sum, share, out=var)

    def normalise(self, x: Array, mean: Array, var: Array, y: Array, *, eps: float) -> None:
        """y = (x - mean) / sqrt(var + eps)."""
        self.xp.subtract(x, mean[:, None], out=y)
        y *= self._inverse_std(var, eps)

    def normalise_backward(self, var: Array, dy: Array, dx: Array, *, eps: float) -> None:
        """dx = dy / sqrt(var + eps): mean and var are constants."""
        self.xp.multiply(dy, self._inverse_std(var, eps), out=dx)

    def batch_norm_backward(self, x: Array, mean: Array, var: Array, dy: Array, dx: Array, *, eps: float) -> None:
        """dx = (dy - mean(dy) - y * mean(dy * y)) / sqrt(var + eps), where mean and var are x's own and y is x normalised."""
        y, product = self.scratch("batch_norm.y", x.shape), self.scratch("batch_norm.centred", x.shape)
        self.normalise(x, mean, var, y, eps=eps)
        self.xp.multiply(dy, y, out=product)
        slope = product.mean(axis=(0, 2))
        level = dy.mean(axis=(0, 2))
        y *= slope[:, None]
        y += level[:, None]
        self.xp.subtract(dy, y, out=dx)
        dx *= self._inverse_std(var, eps)

    def mvn(self, x: Array, y: Array, spread: Array | None, *, eps: float) -> None:
        """y = (x - mean) / spread of each row, spread = its standard deviation + eps; no division where spread is None."""
        self.xp.subtract(x, x.mean(axis=1, keepdims=True), out=y)
        if spread is not None:
            square = self.scratch("batch_norm.centred", x.shape)
            self.xp.multiply(y, y, out=square)
            self.xp.mean(square, axis=1, out=spread)
            self.xp.sqrt(spread, out=spread)
            spread += eps
            y /= spread[:, None]

    def mvn_backward(self, y: Array, spread: Array | None, dy: Array, dx: Array) -> None:
        """dx = (dy - mean(dy) - y * mean(dy * y)) / spread; only dy - mean(dy) where spread is None."""
        level = dy.mean(axis=1, keepdims=True)
        if spread is None:
            self.xp.subtract(dy, level, out=dx)
            return
        share = self.scratch("batch_norm.centred", y.shape)
        self.xp.multiply(dy, y, out=share)
        slope = share.mean(axis=1, keepdims=True)
        self.xp.multiply(y, slope, out=share)
        share += level
        self.xp.subtract(dy, share, out=dx)
        dx /= spread[:, None]

    def _inverse_std(self, var: Array, eps: float) -> Array:
        return 1 / self.xp.sqrt(var + eps)[:, None]
