"""What a solver does to one parameter, in one pass. Caffe: sgd_solver.cpp."""

from __future__ import annotations

from .arrays import Array, Arrays


class Update(Arrays):
    """data, diff and history are of one shape; diff is only read."""

    def sgd_update(
        self, data: Array, diff: Array, history: Array, *, rate: float, momentum: float, decay: float, l1: bool, scale: float = 1.0
    ) -> None:
        """history = momentum * history + rate * g, data -= history, where g = scale * diff + decay * data.

        l1: decay * sign(data) instead of decay * data. scale: of clip_gradients and iter_size.
        """
        step = self.scratch("update.step", data.shape)
        self.xp.sign(data, out=step) if l1 else self.copy(data, step)
        step *= decay
        step += diff * scale
        step *= rate
        history *= momentum
        history += step
        data -= history
