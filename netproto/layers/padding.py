from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("Padding")
class Padding(Layer):
    """Zeros around planes, or their borders cut off.

    Shapes: (N, C, H, W) -> (N, C, H + pad_beg + pad_end, W + pad_beg + pad_end).
    Formula: y = x, from pad_beg on along both axes of the plane, and 0 elsewhere; or, pad_beg and pad_end being negative, x from -pad_beg
        on.
    Caffe: none; src/caffe/layers/padding_layer.cpp of TheLegendAli/DeepLab-Context.
    Differences: none.
    """

    type = "Padding"

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.padding_param
        self.begin, self.end = int(param.pad_beg), int(param.pad_end)
        self.require(
            self.begin * self.end >= 0,
            f"pad_beg is {self.begin} and pad_end {self.end}",
            field="padding_param.pad_end",
            hint="They may be both above 0, or both below",
        )

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self.require(len(bottom[0]) == 4, f"the bottom has the shape {bottom[0]}, but (N, C, H, W) is wanted")
        height, width = (side + self.begin + self.end for side in bottom[0][2:])
        self.require(min(height, width) > 0, f"nothing is left of planes of {bottom[0][2]} x {bottom[0][3]}", field="padding_param")
        return [(*bottom[0][:2], height, width)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self._move(bottom[0].data, top[0].data, wider=min(self.begin, self.end) >= 0)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self._move(top[0].diff, bottom[0].diff, wider=min(self.begin, self.end) < 0)

    def _move(self, source: Array, target: Array, *, wider: bool) -> None:
        """Between a plane and the part of it that the other one is."""
        offset = (0, 0, abs(self.begin), abs(self.begin))
        if wider:
            self.ops.crop_backward(source, target, offset=offset)
        else:
            self.ops.crop(source, target, offset=offset)
