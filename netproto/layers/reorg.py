from __future__ import annotations

from collections.abc import Sequence

from ..blob import Shape
from .base import LAYERS
from .rearrangement import Rearrangement


@LAYERS.register("Reorg")
class Reorg(Rearrangement):
    """A finer map brought to a coarser one's size, its pixels as further channels: YOLO 2's way past the last pooling.

    Shapes: (N, C, H, W) -> (N, C s^2, H / s, W / s), with `reverse` (N, C / s^2, H s, W s); s^2 divides C, and s divides H and W.
    Formula: the memory of an image is read as (C / s^2, H, s, W, s) and written in the order (s, s, C / s^2, H, W). That is Darknet's own
        order, no plain move of pixels to channels; weights trained with Darknet depend on it. `reverse` reads the latter order and writes
        the former, which is a plain move of channels to pixels.
    Caffe: none; src/caffe/layers/reorg_layer.cpp of eric612/MobileNet-YOLO and of BVLC's branch intel.
    Differences: has a gradient; the backward pass there never reads the top's. What does not divide is refused; there it reads astray.
    """

    type = "Reorg"

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.reorg_param
        self.require(param.HasField("stride") and param.stride > 0, "reorg_param wants a stride above 0", field="reorg_param")
        self.stride: int = param.stride

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape, stride = bottom[0], self.stride
        self.require(len(shape) == 4, f"the bottom must have 4 axes (N, C, H, W), but is {shape}")
        n, c, h, w = shape
        self.require(c % stride**2 == 0, f"{c} channels are no multiple of the stride's square, {stride**2}", field="reorg_param.stride")
        if self.message.reorg_param.reverse:
            return [(n, c // stride**2, h * stride, w * stride)]
        self.require(h % stride == 0 and w % stride == 0, f"a stride of {stride} does not divide {h} x {w}", field="reorg_param.stride")
        return [(n, c * stride**2, h // stride, w // stride)]

    def view(self, shape: Shape) -> Shape:
        (n, c, h, w), stride = shape, self.stride
        if self.message.reorg_param.reverse:
            return n, stride, stride, c // stride**2, h, w
        return n, c // stride**2, h, stride, w, stride

    def order(self) -> Sequence[int]:
        return (0, 3, 4, 1, 5, 2) if self.message.reorg_param.reverse else (0, 3, 5, 1, 2, 4)
