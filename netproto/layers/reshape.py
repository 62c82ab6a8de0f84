from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, count

COPY, INFER = 0, -1


@LAYERS.register("Reshape")
class Reshape(Layer):
    """Another shape for the same elements.

    Shapes: the num_axes axes from `axis` on (-1: all that follow) are replaced by reshape_param.shape, where 0 copies the bottom's extent
        at that place and one -1 is what the rest leaves. A negative `axis` counts from behind the last axis, as in no other layer.
    Formula: none; the top is a view of the bottom.
    Caffe: src/caffe/layers/reshape_layer.cpp.
    Differences: none.
    """

    type = "Reshape"

    def setup(self, bottom: Sequence[Shape]) -> None:
        dims = self.message.reshape_param.shape.dim
        self.require(list(dims).count(INFER) <= 1, "more than one -1 in the new shape", field="reshape_param.shape")
        self.require(all(d >= INFER for d in dims), f"the new shape {tuple(dims)} has an extent below -1", field="reshape_param.shape")
        num_axes = self.message.reshape_param.num_axes
        self.require(num_axes >= -1, f"num_axes is {num_axes}", field="reshape_param.num_axes", hint="-1 means all that follow")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape = bottom[0]
        start, stop = self._replaced(shape)
        new = [self._copied(shape, start + i) if d == COPY else d for i, d in enumerate(self.message.reshape_param.shape.dim)]
        if INFER in new:
            new[new.index(INFER)] = self._inferred(shape, [*shape[:start], *shape[stop:], *(d for d in new if d != INFER)])
        top = (*shape[:start], *new, *shape[stop:])
        self.require(
            count(top) == count(shape),
            f"the bottom {shape} has {count(shape)} elements and the new shape {top} {count(top)}",
            field="reshape_param.shape",
        )
        return [top]

    def data_views(self) -> dict[int, int]:
        return {0: 0}

    diff_views = data_views

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        pass

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        pass

    def _replaced(self, shape: Shape) -> tuple[int, int]:
        """The range of axes of the bottom that the new shape stands for."""
        param, rank = self.message.reshape_param, len(shape)
        start = param.axis if param.axis >= 0 else rank + 1 + param.axis
        self.require(0 <= start <= rank, f"axis {param.axis} of a blob with {rank} axes", field="reshape_param.axis")
        stop = rank if param.num_axes == -1 else start + param.num_axes
        self.require(
            stop <= rank, f"num_axes {param.num_axes} from axis {start} on, of a blob with {rank} axes", field="reshape_param.num_axes"
        )
        return start, stop

    def _copied(self, shape: Shape, axis: int) -> int:
        self.require(
            axis < len(shape),
            f"a 0 in the new shape stands for axis {axis} of the bottom, whose shape is {shape}",
            field="reshape_param.shape",
        )
        return shape[axis]

    def _inferred(self, shape: Shape, others: Sequence[int]) -> int:
        rest = count(others)
        self.require(
            rest > 0 and count(shape) % rest == 0,
            f"the bottom {shape} has {count(shape)} elements, which the other extents' product {rest} does not divide",
            field="reshape_param.shape",
        )
        return count(shape) // rest
