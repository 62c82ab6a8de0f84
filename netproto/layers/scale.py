from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from ..schema import messages
from .base import LAYERS, Arity
from .channels import per_channel, spread_shape, spread_view
from .kept_bottom import KeptBottom


@LAYERS.register("Scale")
class Scale(KeptBottom):
    """A product with a blob that is learned, or is bottom 1; with bias_term, plus a learned bias of the same shape.

    Shapes: x, or x and s -> x's. s fits the axes of x from `axis` on; where it is learned, `num_axes` of them (-1: all, 0: none).
    Learned: s (1 where no filler is written), unless it is bottom 1; bias.
    Formula: y = s x + bias.
    Caffe: src/caffe/layers/scale_layer.cpp.
    Differences: none.
    """

    type = "Scale"
    bottoms = Arity(1, 2)

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.scale_param
        spread = bottom[1] if len(bottom) > 1 else spread_shape(self, param, "scale_param", bottom[0])
        if len(bottom) == 1:
            ones = messages.FillerParameter(type="constant", value=1)
            self.declare_param(spread, param.filler if param.HasField("filler") else ones)
        if param.bias_term:
            self.declare_param(spread, param.bias_filler)

    def is_per_channel(self, shape: Shape) -> bool:
        """Whether there is one learned number for each index of axis 1 of a bottom of this shape."""
        return len(self.message.bottom) == 1 and per_channel(self, self.message.scale_param, shape)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self._view(bottom[0], bottom[1] if len(bottom) > 1 else self.params[0].shape)
        return [bottom[0]]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        scale = self._scale(bottom)
        view = self._view(bottom[0].shape, scale.shape)
        bias = self.blobs[-1].data.reshape(-1) if self.message.scale_param.bias_term else None
        self.ops.scale(self.keep(bottom[0]).reshape(view), scale.data.reshape(-1), bias, top[0].data.reshape(view))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        scale = self._scale(bottom)
        view = self._view(bottom[0].shape, scale.shape)
        dx = bottom[0].diff.reshape(view) if propagate_down[0] else None
        dbias = self.param_diff(len(self.blobs) - 1) if self.message.scale_param.bias_term else None
        self.ops.scale_backward(
            self.kept(bottom[0]).reshape(view),
            scale.data.reshape(-1),
            top[0].diff.reshape(view),
            dx,
            self._flat(self._scale_diff(bottom, propagate_down)),
            self._flat(dbias),
        )

    def _scale(self, bottom: Sequence[Blob]) -> Blob:
        return bottom[1] if len(bottom) > 1 else self.blobs[0]

    def _scale_diff(self, bottom: Sequence[Blob], propagate_down: Sequence[bool]) -> Array | None:
        """Where the scale's gradient is to be added to; bottom 1's is set to zero first."""
        if len(bottom) == 1:
            return self.param_diff(0)
        if not propagate_down[1]:
            return None
        self.ops.fill(bottom[1].diff, 0)
        return bottom[1].diff

    def _flat(self, array: Array | None) -> Array | None:
        return None if array is None else array.reshape(-1)

    def _view(self, shape: Shape, spread: Shape) -> Shape:
        return spread_view(self, self.message.scale_param, "scale_param", shape, spread)
