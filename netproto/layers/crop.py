from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer, exactly


@LAYERS.register("Crop")
class Crop(Layer):
    """The part of bottom 0 that has the size of bottom 1.

    Shapes: x, reference -> x's up to `axis` (2 if not written), the reference's from there on.
    Formula: y = x from `offset` on: one number for all cropped axes, or one for each; 0 if none is written.
    Caffe: src/caffe/layers/crop_layer.cpp.
    Differences: none; the reference's values are not read and its gradient is 0.
    """

    type = "Crop"
    bottoms = exactly(2)
    no_gradient_bottoms = frozenset({1})

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape, reference = bottom
        axis = self.canonical_axis(self.message.crop_param.axis, len(shape), "crop_param.axis")
        self.require(
            len(reference) >= len(shape), f"bottom 1 has the shape {reference}, too few axes for bottom 0's {shape}", field="bottom[1]"
        )
        top = shape[:axis] + reference[axis : len(shape)]
        for i, (offset, size, whole) in enumerate(zip(self._offset(len(shape)), top, shape, strict=True)):
            self.require(
                offset + size <= whole,
                f"axis {i} of bottom 0 has {whole} elements, fewer than offset {offset} and the {size} of bottom 1 need",
                field="crop_param.offset",
            )
        return [top]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.crop(bottom[0].data, top[0].data, offset=self._offset(len(top[0].shape)))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if propagate_down[0]:
            self.ops.crop_backward(top[0].diff, bottom[0].diff, offset=self._offset(len(top[0].shape)))
        if propagate_down[1]:
            self.ops.fill(bottom[1].diff, 0)

    def _offset(self, rank: int) -> Shape:
        """Where the top begins in bottom 0, one number for each axis."""
        param = self.message.crop_param
        axis = self.canonical_axis(param.axis, rank, "crop_param.axis")
        cropped, written = rank - axis, tuple(param.offset) or (0,)
        self.require(
            len(written) in (1, cropped),
            f"{len(written)} offsets for the {cropped} axes from axis {axis} on",
            field="crop_param.offset",
            hint="Write it once, or once an axis",
        )
        return (0,) * axis + (written if len(written) == cropped else written * cropped)
