from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Arity, Layer
from .channels import per_channel, spread_shape, spread_view


@LAYERS.register("Bias")
class Bias(Layer):
    """A sum with a blob that is learned, or is bottom 1.

    Shapes: x, or x and b -> x's. b fits the axes of x from `axis` on; where it is learned, `num_axes` of them (-1: all, 0: none).
    Formula: y = x + b.
    Caffe: src/caffe/layers/bias_layer.cpp.
    Differences: none.
    """

    type = "Bias"
    bottoms = Arity(1, 2)
    in_place = True

    def setup(self, bottom: Sequence[Shape]) -> None:
        if len(bottom) == 1:
            param = self.message.bias_param
            self.declare_param(spread_shape(self, param, "bias_param", bottom[0]), param.filler)

    def is_per_channel(self, shape: Shape) -> bool:
        """Whether there is one learned number for each index of axis 1 of a bottom of this shape."""
        return len(self.message.bottom) == 1 and per_channel(self, self.message.bias_param, shape)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        self._view(bottom[0], self.params[0].shape if self.params else bottom[1])
        return [bottom[0]]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        bias = self._bias(bottom)
        view = self._view(bottom[0].shape, bias.shape)
        self.ops.bias(bottom[0].data.reshape(view), bias.data.reshape(-1), top[0].data.reshape(view))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        bias = self._bias(bottom)
        if len(bottom) > 1 and propagate_down[1]:
            self.ops.fill(bias.diff, 0)
        if propagate_down[1] if len(bottom) > 1 else self.param_propagate_down[0]:
            self.ops.bias_backward(top[0].diff.reshape(self._view(top[0].shape, bias.shape)), bias.diff.reshape(-1))
        if propagate_down[0] and bottom[0] is not top[0]:
            self.ops.copy(top[0].diff, bottom[0].diff)

    def _bias(self, bottom: Sequence[Blob]) -> Blob:
        return self.blobs[0] if self.blobs else bottom[1]

    def _view(self, shape: Shape, spread: Shape) -> Shape:
        return spread_view(self, self.message.bias_param, "bias_param", shape, spread)
