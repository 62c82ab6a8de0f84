from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..blob import Array, Blob, Shape
from ..ops.sequences import LstmWeights
from .base import LAYERS, Internal
from .recurrent import RecurrentLayer


@LAYERS.register("LSTM")
class LSTM(RecurrentLayer):
    """Long short-term memory over whole sequences.

    Shapes: x (T, N, ...), cont (T, N), optionally a static input (N, ...), with `expose_hidden` also h and c (1, N, D), where D is
        num_output -> h of every timestep (T, N, D), with `expose_hidden` also h and c of the last (1, N, D). T is fixed, N may change.
        Learned: weight (4 D, K) and bias (4 D) for x, weight (4 D, S) for the static input, weight (4 D, D) for h.
    Formula: (i, f, o, g) = W x + b + W_s static + W_h (cont * h before), in this order; c = cont * sigmoid(f) * c before +
        sigmoid(i) * tanh(g); h = sigmoid(o) * tanh(c).
    Caffe: src/caffe/layers/lstm_layer.cpp, recurrent_layer.cpp.
    Differences: none in numbers: one operation instead of an unrolled net. `debug_info` of recurrent_param changes nothing.
    """

    type = "LSTM"
    remembered = ("hidden", "cells")

    def declare_weights(self, weight_filler: Any, bias_filler: Any) -> None:
        gates = 4 * self.units
        self.declare_param((gates, self.inputs), weight_filler)
        self.declare_param((gates,), bias_filler)
        if self.has_static:
            self.declare_param((gates, self.static_inputs), weight_filler)
        self.declare_param((gates, self.units), weight_filler)

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        gates = Internal((*top[0][:2], 4 * self.units))
        return {**super().internal_arrays(bottom, top), "gates": gates, "cells": Internal(top[0]), "hidden": Internal(top[0])}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.recall(bottom)
        gates, cells, hidden = self._made()
        self.ops.lstm(self.sequences(bottom), bottom[1].data, self.starts(), self._named(self.learned()), gates, cells, hidden)
        self.ops.copy(hidden, top[0].data)
        self.remember(top, (hidden, cells))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require_no_gradient_of_cont(propagate_down)
        self.ops.lstm_backward(
            self.sequences(bottom),
            bottom[1].data,
            self.starts(),
            self._named(self.learned()),
            *self._made(),
            top[0].diff,
            self.gradients(propagate_down, bottom),
            self._named(self.learned_gradients()),
        )

    def macs(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> int:
        steps, streams, units = top[0]
        return streams * 4 * units * (steps * (self.inputs + units) + self.static_inputs)

    def _made(self) -> tuple[Array, Array, Array]:
        return self.internals["gates"], self.internals["cells"], self.internals["hidden"]

    def _named(self, arrays: list[Array]) -> LstmWeights:
        """The learned blobs, or their gradients, by name."""
        return LstmWeights(arrays[0], arrays[1], arrays[2] if self.has_static else None, arrays[-1])
