from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, at_least, exactly
from .shapes import written_shape


@LAYERS.register("Input")
class Input(Layer):
    """Blobs that the caller fills.

    Shapes: () -> input_param.shape[i] for top i; one shape serves all tops; without any, tops are scalars until they are reshaped.
    Formula: none; forward leaves the tops as they are.
    Caffe: src/caffe/layers/input_layer.cpp.
    Differences: none.
    """

    type = "Input"
    bottoms = exactly(0)
    tops = at_least(1)

    def setup(self, bottom: Sequence[Shape]) -> None:
        tops, shapes = len(self.message.top), len(self.message.input_param.shape)
        self.require(
            shapes in (0, 1, tops),
            f"{shapes} shapes for {tops} tops",
            field="input_param.shape",
            hint="Write one for each top, or one for all",
        )

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shapes = [written_shape(self, s, f"input_param.shape[{i}]") for i, s in enumerate(self.message.input_param.shape)] or [()]
        tops = len(self.message.top)
        return shapes if len(shapes) == tops else shapes * tops

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        pass

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        pass
