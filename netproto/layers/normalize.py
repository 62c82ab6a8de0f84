from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from ..schema import messages
from .base import LAYERS, Internal, Layer, count


@LAYERS.register("Normalize")
class Normalize(Layer):
    """Vectors over their length, times a learned scale.

    Shapes: (N, C, ...) -> the same. Learned: the scale, () or, unless `channel_shared`, (C); 1 where no filler is written.
    Formula: y = scale * x / sqrt(sum x^2 + eps), the sum over the channels of each place or, with across_spatial, over the whole item.
    Caffe: none; src/caffe/layers/normalize_layer.cpp of weiliu89/caffe, branch ssd.
    Differences: the gradient for the bottom is right whatever the scales are; that of the fork is right only where all are equal, as they
        are when training begins.
    """

    type = "Normalize"

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.require(len(bottom[0]) > 1, f"the bottom has the shape {bottom[0]}, but two axes at least are wanted")
        param = self.message.norm_param
        ones = messages.FillerParameter(type="constant", value=1)
        shape = () if param.channel_shared else bottom[0][1:2]
        self.declare_param(shape, param.scale_filler if param.HasField("scale_filler") else ones)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        scales = self.params[0].shape
        self.require(scales in ((), bottom[0][1:2]), f"it has scales for {scales} channels, not for those of the bottom {bottom[0]}")
        return [bottom[0]]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        n, _, inner = _view(bottom[0])
        places = 1 if self.message.norm_param.across_spatial else inner
        return {"norm": Internal((n, 1, places)), "unit": Internal(bottom[0])}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        view = _view(bottom[0].shape)
        unit = self.internals["unit"].reshape(view)
        self.ops.unit_norm(bottom[0].data.reshape(view), self.internals["norm"], unit, eps=self.message.norm_param.eps)
        self.ops.scale(self._by_scale(unit), self.blobs[0].data.reshape(-1), None, self._by_scale(top[0].data.reshape(view)))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        view = _view(bottom[0].shape)
        dscale, dx = self.param_diff(0), bottom[0].diff.reshape(view)
        self.ops.scale_backward(
            self._by_scale(self.internals["unit"].reshape(view)),
            self.blobs[0].data.reshape(-1),
            self._by_scale(top[0].diff.reshape(view)),
            self._by_scale(dx) if propagate_down[0] else None,
            None if dscale is None else dscale.reshape(-1),
            None,
        )
        if propagate_down[0]:
            self.ops.unit_norm_backward(bottom[0].data.reshape(view), self.internals["norm"], dx, dx)

    def _by_scale(self, x: Array) -> Array:
        """x seen as (outer, scales, inner)."""
        return x.reshape(1, 1, -1) if self.message.norm_param.channel_shared else x


def _view(shape: Shape) -> Shape:
    return shape[0], shape[1], count(shape, 2)
