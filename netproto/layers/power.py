from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Layer


@LAYERS.register("Power")
class Power(Layer):
    """A power of a shifted and scaled input.

    Shapes: any -> the same.
    Formula: y = (shift + scale * x) ** power.
    Caffe: src/caffe/layers/power_layer.cpp.
    Differences: where shift + scale * x is 0 the gradient is the formula's, where Caffe may give 0/0. In place the gradient is right for
        power 1, or where it is 0, and refused else; Caffe's is wrong in place.
    """

    type = "Power"
    in_place = True

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.power_param
        self.numbers = {"power": param.power, "scale": param.scale, "shift": param.shift}

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return list(bottom)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.ops.power(bottom[0].data, top[0].data, **self.numbers)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        if not propagate_down[0]:
            return
        power = self.numbers["power"]
        if power != 1 and power * self.numbers["scale"] != 0:
            self.refuse_in_place(bottom[0], top[0], f"power {power:g}", "power_param.power")
        self.ops.power_backward(bottom[0].data, top[0].diff, bottom[0].diff, **self.numbers)
