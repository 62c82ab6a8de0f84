"""What a solver does to one learned blob, in one pass. Caffe: src/caffe/solvers.

data, diff and the histories are of one shape; diff is only read. All share g = scale * diff + decay * data, with `l1` + decay * sign(data);
scale is that of clip_gradients and iter_size. Rate and scale are numbers, or arrays of shape ().
"""

from __future__ import annotations

from .arrays import Array, Arrays, Number

TINY = 1e-300
"""In the place of a norm of 0."""


class Update(Arrays):
    """One operation per solver type."""

    takes_products: bool = False
    """Whether sgd_update_by_product needs no memory for the gradient, and is faster than to make it first."""

    def sgd_update(
        self, data: Array, diff: Array, history: Array, *, rate: Number, momentum: float, decay: float, l1: bool, scale: Number = 1.0
    ) -> None:
        """history = momentum * history + rate * g; data -= history."""
        g = self._regularised(data, diff, decay, l1, scale)
        history *= momentum
        g *= rate
        history += g
        data -= history

    def sgd_update_by_product(
        self,
        data: Array,
        dy: Array,
        x: Array,
        history: Array,
        *,
        rate: Number,
        momentum: float,
        decay: float,
        l1: bool,
        scale: Number = 1.0,
    ) -> None:
        """sgd_update with diff = dy' x: data (N, K), dy (M, N), x (M, K)."""
        diff = self.scratch("update.diff", data.shape)
        self.xp.matmul(dy.T, x, out=diff)
        self.sgd_update(data, diff, history, rate=rate, momentum=momentum, decay=decay, l1=l1, scale=scale)

    def nesterov_update(
        self, data: Array, diff: Array, history: Array, *, rate: Number, momentum: float, decay: float, l1: bool, scale: Number = 1.0
    ) -> None:
        """history' = momentum * history + rate * g; data -= (1 + momentum) * history' - momentum * history."""
        g = self._regularised(data, diff, decay, l1, scale)
        history *= momentum
        data += history
        g *= rate
        history += g
        self.xp.multiply(history, 1 + momentum, out=g)
        data -= g

    def adagrad_update(
        self, data: Array, diff: Array, history: Array, *, rate: Number, delta: float, decay: float, l1: bool, scale: Number = 1.0
    ) -> None:
        """history += g^2; data -= rate * g / (sqrt(history) + delta)."""
        g, root = self._regularised(data, diff, decay, l1, scale), self.scratch("update.root", data.shape)
        self.xp.multiply(g, g, out=root)
        history += root
        self._descend(data, g, history, root, rate, delta)

    def rmsprop_update(
        self,
        data: Array,
        diff: Array,
        history: Array,
        *,
        rate: Number,
        rms_decay: float,
        delta: float,
        decay: float,
        l1: bool,
        scale: Number = 1.0,
    ) -> None:
        """history = rms_decay * history + (1 - rms_decay) * g^2; data -= rate * g / (sqrt(history) + delta)."""
        g, root = self._regularised(data, diff, decay, l1, scale), self.scratch("update.root", data.shape)
        self._mean_square(history, g, rms_decay, root)
        self._descend(data, g, history, root, rate, delta)

    def adadelta_update(
        self,
        data: Array,
        diff: Array,
        squares: Array,
        changes: Array,
        *,
        rate: Number,
        momentum: float,
        delta: float,
        decay: float,
        l1: bool,
        scale: Number = 1.0,
    ) -> None:
        """squares = mean of g^2; u = g * sqrt((delta + changes) / (delta + squares)); changes = mean of u^2; data -= rate * u."""
        u, root = self._regularised(data, diff, decay, l1, scale), self.scratch("update.root", data.shape)
        self._mean_square(squares, u, momentum, root)
        self.xp.add(squares, delta, out=root)
        u *= self.xp.sqrt((changes + delta) / root)
        self._mean_square(changes, u, momentum, root)
        u *= rate
        data -= u

    def adam_update(
        self,
        data: Array,
        diff: Array,
        mean: Array,
        squares: Array,
        *,
        rate: Number,
        momentum: float,
        momentum2: float,
        delta: float,
        decay: float,
        l1: bool,
        scale: Number = 1.0,
    ) -> None:
        """mean = mean of g; squares = mean of g^2; data -= rate * mean / (sqrt(squares) + delta). rate has the bias correction in it."""
        g, root = self._regularised(data, diff, decay, l1, scale), self.scratch("update.root", data.shape)
        self._mean_square(squares, g, momentum2, root)
        mean *= momentum
        g *= 1 - momentum
        mean += g
        self.copy(mean, g)
        self._descend(data, g, squares, root, rate, delta)

    def clip_scale(self, squares: Array, scale: Array, *, limit: float, divisor: float) -> None:
        """scale (shape ()) = min(1, limit / norm) / divisor, where squares (shape ()) is the square of the norm."""
        norm = self.xp.sqrt(squares.astype("float64"))
        self.xp.divide(self.xp.where(norm <= limit, 1.0, limit / self.xp.maximum(norm, TINY)), divisor, out=scale, casting="same_kind")

    def _regularised(self, data: Array, diff: Array, decay: float, l1: bool, scale: Number) -> Array:
        """g, in scratch."""
        g = self.scratch("update.g", data.shape)
        self.xp.sign(data, out=g) if l1 else self.copy(data, g)
        g *= decay
        g += diff * scale
        return g

    def _mean_square(self, history: Array, g: Array, keep: float, square: Array) -> None:
        """history = keep * history + (1 - keep) * g^2; `square` is lost."""
        self.xp.multiply(g, g, out=square)
        square *= 1 - keep
        history *= keep
        history += square

    def _descend(self, data: Array, g: Array, squares: Array, root: Array, rate: Number, delta: float) -> None:
        """data -= rate * g / (sqrt(squares) + delta); g and root are lost."""
        self.xp.sqrt(squares, out=root)
        root += delta
        g *= rate
        g /= root
        data -= g
