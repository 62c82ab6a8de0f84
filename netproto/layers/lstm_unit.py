from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from .base import LAYERS, Internal, Layer, exactly


@LAYERS.register("LSTMUnit")
class LSTMUnit(Layer):
    """One timestep of an LSTM, after its sums.

    Shapes: c before (1, N, D), the gates' sums (1, N, 4 D), cont (1, N) -> c and h (1, N, D).
    Formula: with the sums (i, f, o, g) in this order, c = cont * sigmoid(f) * c before + sigmoid(i) * tanh(g), h = sigmoid(o) * tanh(c).
    Caffe: src/caffe/layers/lstm_unit_layer.cpp.
    Differences: none.
    """

    type = "LSTMUnit"
    bottoms = exactly(3)
    tops = exactly(2)
    no_gradient_bottoms = frozenset({2})

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        cells, sums, cont = bottom
        self.require(
            len(cells) == 3 and cells[0] == 1, f"bottom 0 has the shape {cells}, not (1, streams, units)", field="bottom[0]"
        )
        wanted = (1, cells[1], 4 * cells[2])
        self.require(sums == wanted, f"bottom 1 has the shape {sums}, not {wanted}: four gates a unit", field="bottom[1]")
        self.require(cont == cells[:2], f"bottom 2 has the shape {cont}, not {cells[:2]}", field="bottom[2]")
        return [cells, cells]

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        return {"gates": Internal(bottom[1][1:])}

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        cells_before, sums, cont = (b.data[0] for b in bottom)
        self.ops.lstm_unit(cells_before, sums, cont, self.internals["gates"], top[0].data[0], top[1].data[0])

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        self.require(not propagate_down[2], "cannot give a gradient to bottom 2, which says where sequences go on", field="propagate_down")
        d_before, d_sums = (b.diff[0] if wanted else None for b, wanted in zip(bottom[:2], propagate_down[:2], strict=True))
        self.ops.lstm_unit_backward(
            bottom[0].data[0], self.internals["gates"], top[0].data[0], top[0].diff[0], top[1].diff[0], d_before, d_sums
        )
