from __future__ import annotations

from collections.abc import Sequence

from ..blob import Shape
from .base import LAYERS
from .relu import ReLU


@LAYERS.register("ReLU6")
class ReLU6(ReLU):
    """Rectified linear unit that ends at 6.

    Shapes: any -> the same.
    Formula: y = min(max(x, 0), 6); the gradient passes where 0 < x < 6.
    Caffe: none; src/caffe/layers/relu6_layer.cpp of forks that train MobileNets.
    Differences: relu6_param is not known; a negative slope may be written in relu_param.
    """

    type = "ReLU6"

    def setup(self, bottom: Sequence[Shape]) -> None:
        super().setup(bottom)
        self.bounded = True
