from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, count, exactly


@LAYERS.register("Axpy")
class Axpy(Layer):
    """Channels times one number each, plus another blob: what squeeze-and-excitation nets end a block with.

    Shapes: a (N, C) or (N, C, 1, 1), x (N, C, ...), b like x -> x's.
    Formula: y[n, c] = a[n, c] x[n, c] + b[n, c].
    Caffe: none; hujie-frank/SENet, axpy_layer.cpp.
    Differences: the gradient of x depends on x's propagate_down; SENet's on a's.
    """

    type = "Axpy"
    bottoms = exactly(3)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        factor, x, addend = bottom
        fits = len(x) > 1 and factor[:2] == x[:2] and count(factor, 2) == 1
        self.require(fits, f"bottom 0 has the shape {factor}, not one number for each channel of bottom 1, {x}", field="bottom[0]")
        self.require(addend == x, f"bottom 2 has the shape {addend} and bottom 1 {x}; they must be alike", field="bottom[2]")
        return [x]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        view = self._view(top[0])
        factor, x, addend = (blob.data for blob in bottom)
        self.ops.axpy(x.reshape(view), factor.reshape(-1), addend.reshape(view), top[0].data.reshape(view))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        view, dy = self._view(top[0]), top[0].diff
        factor, x, addend = bottom
        dx = x.diff.reshape(view) if propagate_down[1] else None
        dfactor = factor.diff.reshape(-1) if propagate_down[0] else None
        if dfactor is not None:
            self.ops.fill(dfactor, 0)
        self.ops.scale_backward(x.data.reshape(view), factor.data.reshape(-1), dy.reshape(view), dx, dfactor, None)
        if propagate_down[2]:
            self.ops.copy(dy, addend.diff)

    def _view(self, top: Blob) -> Shape:
        """One image whose channels are those of all images: (1, N * C, elements)."""
        return 1, count(top.shape, 0, 2), count(top.shape, 2)
