from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from .base import LAYERS, TEST, Internal, count
from .kept_bottom import KeptBottom


@LAYERS.register("BatchNorm")
class BatchNorm(KeptBottom):
    """Each channel less its mean, over its standard deviation. A Scale after it gives the learned factor and bias.

    Shapes: (N, C, ...) -> the same. Blobs that no solver changes: the sum of means (C), the sum of variances (C), and their divisor (1).
    Formula: y = (x - mean) / sqrt(var + eps). With use_global_stats, the rule for TEST, mean and var are the sums over their divisor, 0
    where that is 0. Else they are the batch's own, the variance being the biased one, and with f = moving_average_fraction and m elements a
    channel: divisor = f divisor + 1, mean sum = f mean sum + mean, variance sum = f variance sum + m / (m - 1) var.
    Caffe: src/caffe/layers/batch_norm_layer.cpp.
    Differences: a bottom of one axis is taken as one channel; Caffe means to and fails.
    """

    type = "BatchNorm"

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.channels = _view(bottom[0])[1]
        for shape in ((self.channels,), (self.channels,), (1,)):
            self.declare_param(shape, learned=False)
        for i, spec in enumerate(self.message.param):
            self.require(
                spec.lr_mult == 0,
                f"its blobs are statistics and are not learned, but lr_mult is {spec.lr_mult:g}",
                field=f"param[{i}].lr_mult",
                hint="Write lr_mult: 0, or no param",
            )

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        channels = _view(bottom[0])[1]
        self.require(channels == self.channels, f"its statistics are of {self.channels} channels, not of those of the bottom {bottom[0]}")
        return [bottom[0]]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        kept = {} if self.use_global_stats else super().internal_arrays(bottom, top)
        return {**kept, "mean": Internal((self.channels,)), "var": Internal((self.channels,))}

    @property
    def use_global_stats(self) -> bool:
        param = self.message.batch_norm_param
        return bool(param.use_global_stats) if param.HasField("use_global_stats") else self.phase == TEST

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        param, view = self.message.batch_norm_param, _view(bottom[0].shape)
        x = self.keep(bottom[0]).reshape(view)
        mean, var = self._stats()
        mean_sum, var_sum, divisor = (blob.data for blob in self.blobs)
        if self.use_global_stats:
            self.ops.global_stats(mean_sum, var_sum, divisor, mean, var)
        else:
            elements = view[0] * view[2]
            correction = elements / (elements - 1) if elements > 1 else 1.0
            self.ops.batch_stats(x, mean, var)
            self.ops.running_stats(mean, var, mean_sum, var_sum, divisor, fraction=param.moving_average_fraction, correction=correction)
        self.ops.normalise(x, mean, var, top[0].data.reshape(view), eps=param.eps)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        view, eps = _view(bottom[0].shape), self.message.batch_norm_param.eps
        dy, dx = top[0].diff.reshape(view), bottom[0].diff.reshape(view)
        mean, var = self._stats()
        if self.use_global_stats:
            self.ops.normalise_backward(var, dy, dx, eps=eps)
        else:
            self.ops.batch_norm_backward(self.kept(bottom[0]).reshape(view), mean, var, dy, dx, eps=eps)

    def _stats(self) -> tuple[Array, Array]:
        return self.internals["mean"], self.internals["var"]


def _view(shape: Shape) -> Shape:
    """(images, channels, elements); a single axis holds images of one channel."""
    return shape[0], shape[1] if len(shape) > 1 else 1, count(shape, 2)
