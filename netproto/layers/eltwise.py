from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..schema import messages
from .base import LAYERS, Internal, Layer, at_least


@LAYERS.register("Eltwise")
class Eltwise(Layer):
    """The sum, product or maximum of blobs, element by element.

    Shapes: all equal -> the same.
    Formula: SUM: y = the sum of coeff[i] * x[i], 1 where no coeff is written. PROD: y = the product of all. MAX: y = the largest, whose
        bottom gets the gradient; of equal ones bottom 1 before bottom 0, then the earlier. stable_prod_grad false: dx[i] = dy * y / x[i].
    Caffe: src/caffe/layers/eltwise_layer.cpp.
    Differences: none.
    """

    type = "Eltwise"
    bottoms = at_least(2)

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.eltwise_param
        self.operation = messages.enum_name(param, "operation")
        self.coeffs = list(param.coeff)
        self.require(
            len(self.coeffs) in (0, len(bottom)),
            f"{len(self.coeffs)} coeff for {len(bottom)} bottoms",
            field="eltwise_param.coeff",
            hint="Write one for each bottom, or none",
        )
        self.require(not self.coeffs or self.operation != "PROD", "coeff is written for PROD, which has none", field="eltwise_param.coeff")

    @property
    def is_plain_sum(self) -> bool:
        """Whether the top is the sum of the bottoms as they are."""
        return self.operation == "SUM" and set(self.coeffs) <= {1.0}

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        for i, shape in enumerate(bottom):
            self.require(shape == bottom[0], f"bottom {i} has the shape {shape} and bottom 0 {bottom[0]}", field=f"bottom[{i}]")
        return [bottom[0]]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"mask": Internal(top[0], "int32")} if self.operation == "MAX" else {}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        xs, y = [b.data for b in bottom], top[0].data
        if self.operation == "SUM":
            self.ops.eltwise_sum(xs, y, coeffs=self.coeffs)
        elif self.operation == "PROD":
            self.ops.eltwise_product(xs, y)
        else:
            self.ops.eltwise_max(xs, y, self.internals["mask"])

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for i, wanted in enumerate(propagate_down):
            if wanted:
                self._backward(i, top[0], bottom)

    def _backward(self, index: int, top: Blob, bottom: Sequence[Blob]) -> None:
        dy, dx = top.diff, bottom[index].diff
        if self.operation == "SUM":
            self.ops.multiply(dy, dx, factor=self.coeffs[index] if self.coeffs else 1.0)
        elif self.operation == "MAX":
            self.ops.eltwise_max_backward(self.internals["mask"], dy, dx, index=index)
        elif self.message.eltwise_param.stable_prod_grad:
            self.ops.eltwise_product_backward([b.data for b in bottom], dy, dx, index=index)
        else:
            self.ops.eltwise_quotient_backward(bottom[index].data, top.data, dy, dx)
