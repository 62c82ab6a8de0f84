from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from ..schema import messages
from .base import LAYERS, TEST, Internal, count
from .kept_bottom import KeptBottom


@LAYERS.register("BatchNorm")
class BatchNorm(KeptBottom):
    """Each channel less its mean, over its standard deviation. A Scale after it gives the learned factor and bias.

    Shapes: (N, C, ...) -> the same. Blobs that no solver changes: the sum of means (C), the sum of variances (C), and their divisor (1).
    Forks (NVIDIA): with scale_bias, or a filler for one of them, two learned blobs follow, the scale (C) and the bias (C).
    Formula: y = (x - mean) / sqrt(var + eps). With use_global_stats, the rule for TEST, mean and var are the sums over their divisor, 0
    where that is 0. Else they are the batch's own, the variance being the biased one, and with f = moving_average_fraction and m elements a
    channel: divisor = f divisor + 1, mean sum = f mean sum + mean, variance sum = f variance sum + m / (m - 1) var. With scale_bias, y is
    times scale, plus bias.
    Caffe: src/caffe/layers/batch_norm_layer.cpp.
    Differences: a bottom of one axis is taken as one channel; Caffe means to and fails. With scale_bias statistics are gathered as ever;
    NVIDIA's are moving averages of mean and biased variance. As there, two blobs learn and three do not, whatever `param` says.
    """

    type = "BatchNorm"

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.channels = _view(bottom[0])[1]
        for shape in ((self.channels,), (self.channels,), (1,)):
            self.declare_param(shape, learned=False)
        self.scaled = any(self.message.batch_norm_param.HasField(field) for field in ("scale_filler", "bias_filler"))
        self.scaled |= self.message.batch_norm_param.scale_bias
        if self.scaled:
            self._declare_scale()
            return
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
        unit = {"unit": Internal(bottom[0])} if self.scaled else {}
        return {**kept, **unit, "mean": Internal((self.channels,)), "var": Internal((self.channels,))}

    @property
    def use_global_stats(self) -> bool:
        param = self.message.batch_norm_param
        return bool(param.use_global_stats) if param.HasField("use_global_stats") else self.phase == TEST

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.forward_through(bottom, top)

    def forward_through(
        self, bottom: Sequence[Blob], top: Sequence[Blob], scale: Array | None = None, shift: Array | None = None, slope: float = 1.0
    ) -> None:
        """The forward pass and those of the Scale and the ReLU that follow in place; the slope 1 means no ReLU.

        They go together where `goes_through`.
        """
        param, view = self.message.batch_norm_param, _view(bottom[0].shape)
        x, y = self.keep(bottom[0]).reshape(view), top[0].data.reshape(view)
        mean, var = self._stats()
        unit = self.internals["unit"].reshape(view) if self.scaled else y
        mean_sum, var_sum, divisor = (blob.data for blob in self.blobs[:3])
        if self.use_global_stats:
            self.ops.global_stats(mean_sum, var_sum, divisor, mean, var)
            self.ops.normalise(x, mean, var, unit, eps=param.eps)
        else:
            elements = view[0] * view[2]
            correction = elements / (elements - 1) if elements > 1 else 1.0
            self.ops.normal_chain(x, mean, var, scale, shift, unit, eps=param.eps, slope=slope)
            self.ops.running_stats(mean, var, mean_sum, var_sum, divisor, fraction=param.moving_average_fraction, correction=correction)
        if self.scaled:
            self.ops.scale(unit, self.blobs[3].data, self.blobs[4].data, y)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if self.scaled:
            view = _view(bottom[0].shape)
            unit, dy, dx = self.internals["unit"].reshape(view), top[0].diff.reshape(view), bottom[0].diff.reshape(view)
            into = dx if propagate_down[0] else None
            self.ops.scale_backward(unit, self.blobs[3].data, dy, into, self.param_diff(3), self.param_diff(4))
            top = bottom
        if propagate_down[0]:
            self.backward_through(top, bottom)

    def backward_through(
        self,
        top: Sequence[Blob],
        bottom: Sequence[Blob],
        scale: Array | None = None,
        dscale: Array | None = None,
        dshift: Array | None = None,
        slope: float = 1.0,
    ) -> None:
        """The backward pass, after those of what `forward_through` took along."""
        view, eps = _view(bottom[0].shape), self.message.batch_norm_param.eps
        y, dy, dx = (array.reshape(view) for array in (top[0].data, top[0].diff, bottom[0].diff))
        mean, var = self._stats()
        if self.use_global_stats:
            self.ops.normalise_backward(var, dy, dx, eps=eps)
        else:
            x = self.kept(bottom[0]).reshape(view)
            self.ops.normal_chain_backward(x, mean, var, scale, y, dy, dx, dscale, dshift, eps=eps, slope=slope)

    @property
    def goes_through(self) -> bool:
        """Whether a Scale and a ReLU can be taken along: the batch's own statistics, and no scale of the layer's."""
        return not self.use_global_stats and not self.scaled

    def _declare_scale(self) -> None:
        """Two blobs that learn, behind three that do not; what the file says of their rates does not count."""
        param = self.message.batch_norm_param
        ones = messages.FillerParameter(type="constant", value=1)
        self.declare_param((self.channels,), param.scale_filler if param.HasField("scale_filler") else ones)
        self.declare_param((self.channels,), param.bias_filler)
        for spec, declared in zip(self.message.param, self.params, strict=False):
            spec.lr_mult = spec.decay_mult = float(declared.learned)

    def _stats(self) -> tuple[Array, Array]:
        return self.internals["mean"], self.internals["var"]


def _view(shape: Shape) -> Shape:
    """(images, channels, elements); a single axis holds images of one channel."""
    return shape[0], shape[1] if len(shape) > 1 else 1, count(shape, 2)
