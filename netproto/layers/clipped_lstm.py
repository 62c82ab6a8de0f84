from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..blob import Array, Blob, Shape
from ..ops.sequences import LstmWeights, Sequences
from .base import LAYERS, Arity, Internal, Layer, count

KEPT = ("hidden", "cells")


@LAYERS.register("Lstm")
class Lstm(Layer):
    """Long short-term memory over sequences that stand one step after the other, N side by side; with bounds on its gradients.

    Shapes: x (T N, ...), optionally clip (T N), N being batch_size -> h of every step (T N, D), D being num_output.
        Learned: weight (4 D, K) for x, weight (4 D, D) for h, bias (4 D).
    Formula: (i, f, o, g) = W x + b + W_h (clip * h before), in this order; c = clip * sigmoid(f) * c before + sigmoid(i) * tanh(g);
        h = sigmoid(o) * tanh(c). clip is 0 where a sequence begins, 1 where one goes on, at the first step from the end of the pass before;
        without it, each pass is one sequence. Gradients of (i, f, o, g) are kept within clipping_threshold, if that is above 0.
    Caffe: none; src/caffe/layers/lstm_layer.cpp of junhyukoh/caffe-lstm. Caffe's own is LSTM.
    Differences: where clip is 0 no gradient flows from the step before to the weight for h; there one does, though nothing came from it.
    """

    type = "Lstm"
    bottoms = Arity(1, 2)
    no_gradient_bottoms = frozenset({1})

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.lstm_param
        self.units, self.streams = int(param.num_output), int(param.batch_size)
        self.require(self.units > 0, "num_output must be at least 1", field="lstm_param.num_output")
        self.require(self.streams > 0, "batch_size must be at least 1", field="lstm_param.batch_size")
        self.inputs = count(bottom[0], 1)
        for shape, filler in (
            ((4 * self.units, self.inputs), param.weight_filler),
            ((4 * self.units, self.units), param.weight_filler),
            ((4 * self.units,), param.bias_filler),
        ):
            self.declare_param(shape, filler)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        x = bottom[0]
        self.require(
            len(x) > 0 and x[0] > 0 and x[0] % self.streams == 0,
            f"the bottom has the shape {x}, but batch_size is {self.streams}",
            field="bottom[0]",
            hint="Its first extent is the number of steps times batch_size",
        )
        self.require(count(x, 1) == self.inputs, f"it reads {self.inputs} numbers a step, but the bottom has the shape {x}")
        if len(bottom) > 1:
            self.require(
                count(bottom[1]) == x[0] == bottom[1][0],
                f"bottom 1 has the shape {bottom[1]}, but {x[0]} numbers are wanted",
                field="bottom[1]",
                hint="It holds 0 where a sequence begins, 1 where one goes on",
            )
        return [(x[0], self.units)]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        steps, state = top[0][0] // self.streams, Internal((self.streams, self.units))
        unit = Internal((steps, self.streams, self.units))
        arrays = {"gates": Internal((*unit.shape[:2], 4 * self.units)), "cells": unit, "hidden": unit}
        arrays |= {f"start_{name}": state for name in KEPT}
        return arrays | ({f"kept_{name}": state for name in KEPT} if len(bottom) > 1 else {"clip": Internal(unit.shape[:2])})

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        if len(bottom) > 1:
            for name in KEPT:
                self.ops.copy(self.internals[f"kept_{name}"], self.internals[f"start_{name}"])
        else:
            self.ops.fill(self.internals["clip"], 1)
            for array in (self.internals["clip"][0], *self._starts()):
                self.ops.fill(array, 0)
        gates, cells, hidden = self._made()
        self.ops.lstm(self._sequences(bottom[0].data), self._clip(bottom), self._starts(), _named(self._learned()), gates, cells, hidden)
        self.ops.copy(hidden.reshape(top[0].shape), top[0].data)
        if len(bottom) > 1:
            for name in KEPT:
                self.ops.copy(self.internals[name][-1], self.internals[f"kept_{name}"])

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require(not any(propagate_down[1:]), "cannot give a gradient to bottom 1, which says where sequences go on", field="bottom[1]")
        self.ops.lstm_backward(
            self._sequences(bottom[0].data),
            self._clip(bottom),
            self._starts(),
            _named(self._learned()),
            *self._made(),
            top[0].diff.reshape(self.internals["hidden"].shape),
            self._sequences(bottom[0].diff if propagate_down[0] else None),
            _named([self.param_diff(i) for i in range(3)]),
            bound=float(self.message.lstm_param.clipping_threshold),
        )

    def macs(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> int:
        return top[0][0] * 4 * self.units * (self.inputs + self.units)

    def data_state(self) -> dict[str, Any]:
        """What is remembered, so that a resumed run goes on with it."""
        return {name: self.ops.to_host(self.internals[f"kept_{name}"]).tolist() for name in KEPT if f"kept_{name}" in self.internals}

    def restore_data_state(self, state: dict[str, Any]) -> None:
        for name, values in state.items():
            self.ops.copy(self.ops.asarray(values), self.internals[f"kept_{name}"])

    def _made(self) -> tuple[Array, Array, Array]:
        return self.internals["gates"], self.internals["cells"], self.internals["hidden"]

    def _starts(self) -> list[Array]:
        return [self.internals[f"start_{name}"] for name in KEPT]

    def _clip(self, bottom: Sequence[Blob]) -> Array:
        """(T, N)."""
        return bottom[1].data.reshape(-1, self.streams) if len(bottom) > 1 else self.internals["clip"]

    def _sequences(self, x: Array | None) -> Sequences:
        return Sequences(None if x is None else x.reshape(-1, self.streams, self.inputs), None)

    def _learned(self) -> list[Array]:
        return [blob.data for blob in self.blobs]


def _named(arrays: list[Array]) -> LstmWeights:
    return LstmWeights(x=arrays[0], bias=arrays[2], static=None, hidden=arrays[1])
