from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, at_least
from .shapes import written_axis


@LAYERS.register("Concat")
class Concat(Layer):
    """Blobs one after the other along an axis.

    Shapes: equal but for the extent of axis -> the same, with the sum of these extents. One bottom alone is passed on without a copy.
    Formula: y = [x0, x1, ...]; axis is 1 if not written; concat_dim is its legacy name.
    Caffe: src/caffe/layers/concat_layer.cpp.
    Differences: none.
    """

    type = "Concat"
    bottoms = at_least(1)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        axis = self.axis_of(len(bottom[0]))
        for i, shape in enumerate(bottom):
            self.require(
                len(shape) == len(bottom[0]) and shape[:axis] + shape[axis + 1 :] == bottom[0][:axis] + bottom[0][axis + 1 :],
                f"bottom {i} has the shape {shape} and bottom 0 {bottom[0]}; all but axis {axis} must be equal",
                field=f"bottom[{i}]",
            )
        return [(*bottom[0][:axis], sum(shape[axis] for shape in bottom), *bottom[0][axis + 1 :])]

    def data_views(self) -> dict[int, int]:
        return {0: 0} if len(self.message.bottom) == 1 else {}

    diff_views = data_views

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        if len(bottom) > 1:
            self.ops.concat([b.data for b in bottom], top[0].data, axis=self.axis_of(len(top[0].shape)))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if len(bottom) > 1:
            self.ops.unconcat(top[0].diff, [b.diff for b in bottom], axis=self.axis_of(len(top[0].shape)), wanted=propagate_down)

    def axis_of(self, rank: int) -> int:
        """The axis, counted from the front, of blobs of so many axes."""
        return written_axis(self, self.message.concat_param, "concat_dim", rank, "concat_param")
