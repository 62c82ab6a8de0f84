from __future__ import annotations

from collections.abc import Sequence

from ..blob import Shape
from .base import LAYERS, count
from .rearrangement import Rearrangement


@LAYERS.register("ShuffleChannel")
class ShuffleChannel(Rearrangement):
    """Channels dealt out, so that each group of the next convolution sees some of every group of the last.

    Shapes: (N, C, ...) -> the same; `group` divides C.
    Formula: with C = group * K, y[n, k * group + g] = x[n, g * K + k].
    Caffe: none; shuffle_channel_layer.cpp of farmingyard/ShuffleNet.
    Differences: none.
    """

    type = "ShuffleChannel"

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape, group = bottom[0], self.message.shuffle_channel_param.group
        self.require(len(shape) > 1, f"the bottom has the shape {shape}, which has no channels")
        self.require(
            group > 0 and shape[1] % group == 0,
            f"{shape[1]} channels cannot be parted into {group} equal groups",
            field="shuffle_channel_param.group",
        )
        return [shape]

    def view(self, shape: Shape) -> Shape:
        group = self.message.shuffle_channel_param.group
        return shape[0], group, shape[1] // group, count(shape, 2)

    def order(self) -> Sequence[int]:
        return 0, 2, 1, 3
