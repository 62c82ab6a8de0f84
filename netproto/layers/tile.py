from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("Tile")
class Tile(Layer):
    """A blob repeated along an axis.

    Shapes: (..., d[axis], ...) -> (..., tiles * d[axis], ...).
    Formula: y = [x, x, ...] along the axis; dx = the sum of the pieces of dy.
    Caffe: src/caffe/layers/tile_layer.cpp.
    Differences: none.
    """

    type = "Tile"

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.tiles = self.message.tile_param.tiles
        self.require(self.tiles > 0, f"tiles is {self.tiles}", field="tile_param.tiles", hint="Write how often to repeat, at least 1")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape = bottom[0]
        axis = self._axis(shape)
        return [(*shape[:axis], self.tiles * shape[axis], *shape[axis + 1 :])]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.tile(bottom[0].data, top[0].data, axis=self._axis(bottom[0].shape), tiles=self.tiles)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.tile_backward(top[0].diff, bottom[0].diff, axis=self._axis(bottom[0].shape), tiles=self.tiles)

    def _axis(self, shape: Shape) -> int:
        return self.canonical_axis(self.message.tile_param.axis, len(shape), "tile_param.axis")
