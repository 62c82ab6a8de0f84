from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..schema.messages import enum_name
from .base import LAYERS, Internal, Layer


@LAYERS.register("LRN")
class LRN(Layer):
    """Local response normalisation (Krizhevsky et al. 2012), over neighbouring channels or within each channel.

    Shapes: (N, C, H, W) -> the same.
    Formula: y = x scale^-beta. ACROSS_CHANNELS: scale = k + alpha / local_size times the sum of x^2 over the local_size nearest channels.
    WITHIN_CHANNEL: scale = 1 + alpha times the average of x^2 over a square of local_size, the padding counted; k is not used.
    Caffe: src/caffe/layers/lrn_layer.cpp.
    Differences: none; engine is ignored.
    """

    type = "LRN"

    def setup(self, bottom: Sequence[Shape]) -> None:
        size = self.message.lrn_param.local_size
        self.require(size % 2 == 1, f"local_size is {size}; it must be odd", field="lrn_param.local_size")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require(len(bottom[0]) == 4, f"the bottom must have 4 axes (N, C, H, W), but is {bottom[0]}")
        return list(bottom)

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"scale": Internal(bottom[0], for_backward=True)}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        param, x, y, scale = self.message.lrn_param, bottom[0].data, top[0].data, self.internals.get("scale")
        if self._within:
            kept = self.ops.scratch("lrn.scale", x.shape) if scale is None else scale
            self.ops.lrn_within(x, y, kept, size=param.local_size, alpha=param.alpha, beta=param.beta)
        elif scale is None:
            self.ops.lrn_across_values(x, y, size=param.local_size, alpha=param.alpha, beta=param.beta, k=param.k)
        else:
            self.ops.lrn_across(x, y, scale, size=param.local_size, alpha=param.alpha, beta=param.beta, k=param.k)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        param, x, dy, dx = self.message.lrn_param, bottom[0].data, top[0].diff, bottom[0].diff
        if self._within:
            self.ops.lrn_within_backward(x, self.internals["scale"], dy, dx, size=param.local_size, alpha=param.alpha, beta=param.beta)
            return
        self.ops.lrn_across_backward(
            x, top[0].data, self.internals["scale"], dy, dx, size=param.local_size, alpha=param.alpha, beta=param.beta
        )

    @property
    def _within(self) -> bool:
        return enum_name(self.message.lrn_param, "norm_region") == "WITHIN_CHANNEL"
