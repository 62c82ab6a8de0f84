from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..blob import Array, Blob, Shape
from ..ops.sequences import RnnWeights
from .base import LAYERS, Internal
from .recurrent import RecurrentLayer


@LAYERS.register("RNN")
class RNN(RecurrentLayer):
    """A plain recurrent layer over whole sequences.

    Shapes: x (T, N, ...), cont (T, N), optionally a static input (N, ...), with `expose_hidden` also h (1, N, D), where D is
        num_output -> o of every timestep (T, N, D), with `expose_hidden` also h of the last (1, N, D). T is fixed, N may
        change. Learned: weight (D, K) and bias (D) for x, weight (D, S) for the static input, weight (D, D) for h, weight (D, D) and
        bias (D) for o.
    Formula: h = tanh(W x + b + W_s static + W_h (cont * h before)), o = tanh(W_o h + b_o).
    Caffe: src/caffe/layers/rnn_layer.cpp, recurrent_layer.cpp.
    Differences: none in numbers: one operation instead of an unrolled net. `debug_info` of recurrent_param changes nothing.
    """

    type = "RNN"
    remembered = ("hidden",)

    def declare_weights(self, weight_filler: Any, bias_filler: Any) -> None:
        self.declare_param((self.units, self.inputs), weight_filler)
        self.declare_param((self.units,), bias_filler)
        if self.has_static:
            self.declare_param((self.units, self.static_inputs), weight_filler)
        self.declare_param((self.units, self.units), weight_filler)
        self.declare_param((self.units, self.units), weight_filler)
        self.declare_param((self.units,), bias_filler)

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {**super().internal_arrays(bottom, top), "hidden": Internal(top[0]), "output": Internal(top[0])}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.recall(bottom)
        hidden, output = self.internals["hidden"], self.internals["output"]
        self.ops.rnn(self.sequences(bottom), bottom[1].data, self.starts(), self._named(self.learned()), hidden, output)
        self.ops.copy(output, top[0].data)
        self.remember(top, (hidden,))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require_no_gradient_of_cont(propagate_down)
        self.ops.rnn_backward(
            self.sequences(bottom),
            bottom[1].data,
            self.starts(),
            self._named(self.learned()),
            self.internals["hidden"],
            self.internals["output"],
            top[0].diff,
            self.gradients(propagate_down, bottom),
            self._named(self.learned_gradients()),
        )

    def macs(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> int:
        steps, streams, units = top[0]
        return streams * units * (steps * (self.inputs + 2 * units) + self.static_inputs)

    def _named(self, arrays: list[Array]) -> RnnWeights:
        """The learned blobs, or their gradients, by name."""
        return RnnWeights(arrays[0], arrays[1], arrays[2] if self.has_static else None, *arrays[-3:])
