from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, at_least
from .shapes import written_axis


@LAYERS.register("Slice")
class Slice(Layer):
    """A blob cut along an axis.

    Shapes: any -> the same but for the extent of axis, which is cut at each slice_point, or evenly where none is written. One top alone is
        passed on without a copy.
    Formula: [y0, y1, ...] = x; axis is 1 if not written; slice_dim is its legacy name.
    Caffe: src/caffe/layers/slice_layer.cpp.
    Differences: none.
    """

    type = "Slice"
    tops = at_least(1)

    def setup(self, bottom: Sequence[Shape]) -> None:
        points, tops = list(self.message.slice_param.slice_point), len(self.message.top)
        self.require(
            len(points) in (0, tops - 1),
            f"{len(points)} slice_point for {tops} tops",
            field="slice_param.slice_point",
            hint=f"Write {tops - 1}, or none to cut evenly",
        )
        rising = all(a < b for a, b in zip([0, *points], points, strict=False))
        self.require(rising, f"the slice_points {points} do not rise from above 0", field="slice_param.slice_point")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape = bottom[0]
        axis = self._axis(len(shape))
        return [(*shape[:axis], extent, *shape[axis + 1 :]) for extent in self._extents(shape, axis)]

    def data_views(self) -> dict[int, int]:
        return {0: 0} if len(self.message.top) == 1 else {}

    diff_views = data_views

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        if len(top) > 1:
            axis = self._axis(len(bottom[0].shape))
            self.ops.unconcat(bottom[0].data, [t.data for t in top], axis=axis, wanted=[True] * len(top))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0] and len(top) > 1:
            self.ops.concat([t.diff for t in top], bottom[0].diff, axis=self._axis(len(bottom[0].shape)))

    def _extents(self, shape: Shape, axis: int) -> list[int]:
        size, points, tops = shape[axis], list(self.message.slice_param.slice_point), len(self.message.top)
        if not points:
            self.require(
                size % tops == 0,
                f"axis {axis} of the shape {shape} cannot be cut into {tops} even pieces",
                field="slice_param",
                hint="Say where to cut: slice_point",
            )
            return [size // tops] * tops
        self.require(
            points[-1] <= size, f"slice_point {points[-1]} lies beyond axis {axis} of the shape {shape}", field="slice_param.slice_point"
        )
        return [stop - start for start, stop in zip([0, *points], [*points, size], strict=True)]

    def _axis(self, rank: int) -> int:
        return written_axis(self, self.message.slice_param, "slice_dim", rank, "slice_param")
