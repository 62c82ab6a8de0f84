from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..schema import messages
from .base import LAYERS, count
from .kept_bottom import KeptBottom


@LAYERS.register("PReLU")
class PReLU(KeptBottom):
    """Rectified linear unit whose slope below 0 is learned, for each channel or, with channel_shared, for all.

    Shapes: (N, C, ...) -> the same. Learned: slope (C), or one number with no axis; 0.25 where no filler is written.
    Formula: y = max(x, 0) + slope min(x, 0).
    Caffe: src/caffe/layers/prelu_layer.cpp.
    Differences: none.
    """

    type = "PReLU"

    def setup(self, bottom: Sequence[Shape]) -> None:
        self._require_channels(bottom[0])
        param = self.message.prelu_param
        quarter = messages.FillerParameter(type="constant", value=0.25)
        self.declare_param(() if param.channel_shared else bottom[0][1:2], param.filler if param.HasField("filler") else quarter)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape = bottom[0]
        self._require_channels(shape)
        slopes = self.params[0].shape
        self.require(not slopes or slopes == shape[1:2], f"it has {count(slopes)} slopes, but the bottom {shape} has {shape[1]} channels")
        return [shape]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        view = self._view(bottom[0].shape)
        self.ops.prelu(self.keep(bottom[0]).reshape(view), self.blobs[0].data.reshape(-1), top[0].data.reshape(view))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        view = self._view(bottom[0].shape)
        dslope = self.param_diff(0)
        self.ops.prelu_backward(
            self.kept(bottom[0]).reshape(view),
            self.blobs[0].data.reshape(-1),
            top[0].diff.reshape(view),
            bottom[0].diff.reshape(view) if propagate_down[0] else None,
            None if dslope is None else dslope.reshape(-1),
        )

    def _require_channels(self, shape: Shape) -> None:
        self.require(len(shape) > 1, f"the bottom needs at least 2 axes, but is {shape}")

    def _view(self, shape: Shape) -> Shape:
        """(images, channels, elements), or all in one where the slope is shared."""
        return (1, 1, count(shape)) if self.message.prelu_param.channel_shared else (shape[0], shape[1], count(shape, 2))
