from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, exactly
from .shapes import written_shape


@LAYERS.register("Parameter")
class Parameter(Layer):
    """A learned blob as a top of its own.

    Shapes: () -> parameter_param.shape. Learned: one blob of that shape, which starts as zeros.
    Formula: y = w. Data and gradient of the top are those of the learned blob, so what the top's reader writes as gradient is the blob's
        whole gradient: it is overwritten, not added to.
    Caffe: include/caffe/layers/parameter_layer.hpp.
    Differences: none.
    """

    type = "Parameter"
    bottoms = exactly(0)

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.declare_param(self._shape())

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return [self._shape()]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        if top[0].data_store is not self.blobs[0].data_store:
            top[0].share_data(self.blobs[0])
        if top[0].diff_store is not self.blobs[0].diff_store:
            top[0].share_diff(self.blobs[0])

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        pass

    def _shape(self) -> Shape:
        return written_shape(self, self.message.parameter_param.shape, "parameter_param.shape")
