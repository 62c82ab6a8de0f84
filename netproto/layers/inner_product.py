from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from .base import LAYERS, Layer, count


@LAYERS.register("InnerProduct")
class InnerProduct(Layer):
    """A matrix product with learned weights.

    Shapes: (*M, *K), parted at `axis` -> (*M, num_output).
    Learned: weight (num_output, K), or (K, num_output) with `transpose`; bias (num_output).
    Formula: y = x weight' + bias.
    Caffe: src/caffe/layers/inner_product_layer.cpp.
    Differences: none.
    """

    type = "InnerProduct"

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.inner_product_param
        self.outputs: int = param.num_output
        self.transpose: bool = param.transpose
        self.require(self.outputs > 0, "num_output must be at least 1", field="inner_product_param.num_output")
        self.inputs = count(bottom[0], self._axis(bottom[0]))
        self.declare_param((self.inputs, self.outputs) if self.transpose else (self.outputs, self.inputs), param.weight_filler)
        if param.bias_term:
            self.declare_param((self.outputs,), param.bias_filler)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        shape = bottom[0]
        axis = self._axis(shape)
        inputs = count(shape, axis)
        self.require(
            inputs == self.inputs,
            f"its weights are for {self.inputs} inputs, but the bottom {shape} has {inputs} from axis {axis} on",
            hint="An InnerProduct cannot follow a change of the input's size",
        )
        return [(*shape[:axis], self.outputs)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        x, y = self._rows(bottom[0], top[0])
        self.ops.linear(x, self.blobs[0].data, self._bias, y, transpose=self.transpose)

    def forward_rectified(self, bottom: Blob, top: Blob, slope: float) -> None:
        """The forward pass, and that of the ReLU that follows it in place."""
        x, y = self._rows(bottom, top)
        self.ops.rectified_linear(x, self.blobs[0].data, self._bias, y, transpose=self.transpose, slope=slope)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        dy, x = self.factors(top[0], bottom[0])
        dx = bottom[0].diff.reshape(-1, self.inputs) if propagate_down[0] else None
        self.ops.linear_backward(x, self.blobs[0].data, dy, dx, self.param_diff(0), self.param_diff(1), transpose=self.transpose)

    def factors(self, top: Blob, bottom: Blob) -> tuple[Array, Array]:
        """dy (M, num_output) and x (M, K), of which dy' x is the gradient of the weights, transposed with `transpose`.

        They are there until a pass writes to the top's diff or to the bottom's data.
        """
        return top.diff.reshape(-1, self.outputs), bottom.data.reshape(-1, self.inputs)

    def macs(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> int:
        return count(bottom[0]) * self.outputs

    @property
    def _bias(self) -> Array | None:
        return self.blobs[1].data if len(self.blobs) > 1 else None

    def _rows(self, bottom: Blob, top: Blob) -> tuple[Array, Array]:
        return bottom.data.reshape(-1, self.inputs), top.data.reshape(-1, self.outputs)

    def _axis(self, shape: Shape) -> int:
        return self.canonical_axis(self.message.inner_product_param.axis, len(shape), "inner_product_param.axis")
