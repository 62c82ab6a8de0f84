from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..errors import DataError
from ..schema.places import label, place_of
from .base import LAYERS, Layer
from .labels import position


@LAYERS.register("Embed")
class Embed(Layer):
    """A learned vector for each whole number: an InnerProduct with one-hot vectors.

    Shapes: any, of numbers 0..input_dim - 1 -> the same and an axis of num_output.
    Learned: weight (input_dim, num_output), bias (num_output).
    Formula: y[i] = weight[x[i]] + bias, the fraction of x[i] being cut off. There is no gradient for x.
    Caffe: src/caffe/layers/embed_layer.cpp.
    Differences: a number out of range is an error; Caffe's release build reads foreign memory.
    """

    type = "Embed"
    no_gradient_bottoms = frozenset({0})

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.embed_param
        for field in ("num_output", "input_dim"):
            self.require(getattr(param, field) > 0, f"{field} must be at least 1", field=f"embed_param.{field}")
        self.declare_param((param.input_dim, param.num_output), param.weight_filler)
        if param.bias_term:
            self.declare_param((param.num_output,), param.bias_filler)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return [(*bottom[0], self.message.embed_param.num_output)]

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self._check(bottom[0])
        bias = self.blobs[1].data if len(self.blobs) > 1 else None
        index, y = bottom[0].data.reshape(-1), top[0].data.reshape(bottom[0].count, -1)
        self.ops.embed(index, self.blobs[0].data, bias, y)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require(not propagate_down[0], "there is no gradient for the numbers it reads", hint="Set propagate_down: false")
        index, dy = bottom[0].data.reshape(-1), top[0].diff.reshape(bottom[0].count, -1)
        self.ops.embed_backward(index, dy, self.param_diff(0), self.param_diff(1))

    def _check(self, bottom: Blob) -> None:
        """Raise a DataError that names the first number out of range."""
        limit = self.message.embed_param.input_dim
        bad = self.ops.first_bad_label(bottom.data, classes=limit, ignore=None)
        if bad >= 0:
            value = float(self.ops.to_host(bottom.data).reshape(-1)[bad])
            raise DataError(
                f"{value:g} at {position(bad, bottom.shape)} of bottom {self.message.bottom[0]!r} is none of the numbers 0 to {limit - 1}",
                place=place_of(self.message, "embed_param.input_dim"),
                layer=label(self.message),
                hint="input_dim is how many numbers there are, and they count from 0",
            )
