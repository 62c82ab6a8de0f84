"""Recurrent layers over whole sequences. Caffe: recurrent_layer.cpp, rnn_layer.cpp, lstm_layer.cpp, lstm_unit_layer.cpp.

T timesteps, N streams, D units. cont (T, N) is a factor on what a stream remembers: 0 begins a new sequence. `starts`, (N, D) each, is what
is remembered before the first timestep: hidden, and for an LSTM cells. No gradient goes there, as in Caffe.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..sequences import LstmWeights, RnnWeights, Sequences
from .activation import Activation
from .arrays import Array
from .linear import Linear


class Recurrent(Activation, Linear):
    """Sums over the inputs are made for all timesteps at once; only what depends on the timestep before goes step by step."""

    def lstm_unit(self, cells_before: Array, x: Array, cont: Array, gates: Array, cells: Array, hidden: Array) -> None:
        """One timestep. x and gates (N, 4 D) in the order i, f, o, g; gates may be x. cells_before, cells, hidden (N, D); cont (N).

        gates = (sigmoid, cont * sigmoid, sigmoid, tanh) of x, cells = f * cells_before + i * g, hidden = o * tanh(cells).
        """
        before, after = _by_gate(x), _by_gate(gates)
        self.tanh(before[:, 3], after[:, 3])
        self.sigmoid(before[:, :3], after[:, :3])
        after[:, 1] *= cont[:, None]
        self.xp.multiply(after[:, 1], cells_before, out=cells)
        cells += after[:, 0] * after[:, 3]
        self.tanh(cells, hidden)
        hidden *= after[:, 2]

    def lstm_unit_backward(
        self,
        cells_before: Array,
        gates: Array,
        cells: Array,
        d_cells: Array,
        d_hidden: Array,
        d_before: Array | None,
        dx: Array | None,
    ) -> None:
        """d_before = the gradient of cells_before, dx (N, 4 D) = that of x; either may be None. d_before may be d_cells."""
        i, f, o, g = (_by_gate(gates)[:, k] for k in range(4))
        squashed = self.scratch("lstm.squashed", cells.shape)
        self.tanh(cells, squashed)
        d_sum = self.scratch("lstm.d_sum", cells.shape)
        self.tanh_backward(squashed, d_hidden, d_sum)
        d_sum *= o
        d_sum += d_cells
        if dx is not None:
            d_gates = _by_gate(dx)
            self.sigmoid_backward(i, d_sum * g, d_gates[:, 0])
            self.sigmoid_backward(f, d_sum * cells_before, d_gates[:, 1])
            self.sigmoid_backward(o, d_hidden * squashed, d_gates[:, 2])
            self.tanh_backward(g, d_sum * i, d_gates[:, 3])
        if d_before is not None:
            self.xp.multiply(d_sum, f, out=d_before)

    def lstm(
        self,
        inputs: Sequences,
        cont: Array,
        starts: Sequence[Array],
        weights: LstmWeights,
        gates: Array,
        cells: Array,
        hidden: Array,
    ) -> None:
        """hidden (T, N, D) and cells (T, N, D) = an LSTM's; gates (T, N, 4 D) are kept for the backward pass."""
        self._input_sums(inputs, weights, gates)
        for t in range(len(cont)):
            gates[t] += self._hidden_sums(hidden[t - 1] if t else starts[0], cont[t], weights)
            self.lstm_unit(cells[t - 1] if t else starts[1], gates[t], cont[t], gates[t], cells[t], hidden[t])

    def lstm_backward(
        self,
        inputs: Sequences,
        cont: Array,
        starts: Sequence[Array],
        weights: LstmWeights,
        gates: Array,
        cells: Array,
        hidden: Array,
        d_hidden: Array,
        d_inputs: Sequences,
        d_weights: LstmWeights,
        *,
        bound: float = 0,
    ) -> None:
        """Overwrites d_inputs and adds to d_weights, from the gradient of `hidden`.

        bound: above 0, what the gradients of the gates' sums are kept within, step by step.
        """
        d_gates = self.scratch("lstm.d_gates", gates.shape)
        d_step, d_cells = self.scratch("lstm.d_step", cells.shape[1:]), self.scratch("lstm.d_cells", cells.shape[1:])
        d_cells.fill(0)
        for t in reversed(range(len(cont))):
            self.copy(d_hidden[t], d_step)
            if t + 1 < len(cont):
                d_step += self._hidden_backward(d_gates[t + 1], cont[t + 1], weights)
            before = cells[t - 1] if t else starts[1]
            self.lstm_unit_backward(before, gates[t], cells[t], d_cells, d_step, d_cells, d_gates[t])
            if bound > 0:
                self.xp.clip(d_gates[t], -bound, bound, out=d_gates[t])
        self._weights_backward(inputs, cont, starts[0], weights, hidden, d_gates, d_inputs, d_weights)

    def rnn(self, inputs: Sequences, cont: Array, starts: Sequence[Array], weights: RnnWeights, hidden: Array, output: Array) -> None:
        """hidden (T, N, D) = tanh(x W' + b + static W_s' + cont * hidden before W_h'), output (T, N, D) = tanh(hidden W_o' + b_o)."""
        self._input_sums(inputs, weights, hidden)
        for t in range(len(cont)):
            hidden[t] += self._hidden_sums(hidden[t - 1] if t else starts[0], cont[t], weights)
            self.tanh(hidden[t], hidden[t])
        self.linear(_steps(hidden), weights.output, weights.output_bias, _steps(output), transpose=False)
        self.tanh(output, output)

    def rnn_backward(
        self,
        inputs: Sequences,
        cont: Array,
        starts: Sequence[Array],
        weights: RnnWeights,
        hidden: Array,
        output: Array,
        d_output: Array,
        d_inputs: Sequences,
        d_weights: RnnWeights,
    ) -> None:
        """Overwrites d_inputs and adds to d_weights, from the gradient of `output`."""
        d_sums, d_hidden = self.scratch("rnn.d_sums", output.shape), self.scratch("rnn.d_hidden", hidden.shape)
        self.tanh_backward(output, d_output, d_sums)
        self.linear_backward(
            _steps(hidden), weights.output, _steps(d_sums), _steps(d_hidden), d_weights.output, d_weights.output_bias, transpose=False
        )
        for t in reversed(range(len(cont))):
            if t + 1 < len(cont):
                d_hidden[t] += self._hidden_backward(d_sums[t + 1], cont[t + 1], weights)
            self.tanh_backward(hidden[t], d_hidden[t], d_sums[t])
        self._weights_backward(inputs, cont, starts[0], weights, hidden, d_sums, d_inputs, d_weights)

    # -- what both have in common --------------------------------------------------------------------------------------------

    def _input_sums(self, inputs: Sequences, weights: LstmWeights | RnnWeights, sums: Array) -> None:
        """sums (T, N, rows of the weights) = x W' + b + static W_s'."""
        self.linear(_steps(inputs.x), weights.x, weights.bias, _steps(sums), transpose=False)
        if weights.static is not None:
            fixed = self.scratch("recurrent.fixed", sums.shape[1:])
            self.linear(inputs.static, weights.static, None, fixed, transpose=False)
            sums += fixed

    def _hidden_sums(self, hidden: Array, cont: Array, weights: LstmWeights | RnnWeights) -> Array:
        """(N, rows of the weights): cont * hidden W_h'."""
        kept, sums = self.scratch("recurrent.kept", hidden.shape), self.scratch("recurrent.sums", (len(hidden), len(weights.hidden)))
        self.xp.multiply(hidden, cont[:, None], out=kept)
        self.linear(kept, weights.hidden, None, sums, transpose=False)
        return sums

    def _hidden_backward(self, d_sums: Array, cont: Array, weights: LstmWeights | RnnWeights) -> Array:
        """(N, D): what the sums of the next timestep say about this one's hidden units."""
        d_hidden = self.scratch("recurrent.kept", (len(d_sums), weights.hidden.shape[1]))
        self.linear_backward(None, weights.hidden, d_sums, d_hidden, None, None, transpose=False)
        d_hidden *= cont[:, None]
        return d_hidden

    def _weights_backward(
        self,
        inputs: Sequences,
        cont: Array,
        hidden_0: Array,
        weights: LstmWeights | RnnWeights,
        hidden: Array,
        d_sums: Array,
        d_inputs: Sequences,
        d_weights: LstmWeights | RnnWeights,
    ) -> None:
        """From the gradient of the sums (T, N, rows of the weights) to all that made them."""
        dx = None if d_inputs.x is None else _steps(d_inputs.x)
        self.linear_backward(_steps(inputs.x), weights.x, _steps(d_sums), dx, d_weights.x, d_weights.bias, transpose=False)
        if d_weights.hidden is not None:
            kept = self.scratch("recurrent.all_kept", hidden.shape)
            self.xp.multiply(hidden_0, cont[0][:, None], out=kept[0])
            self.xp.multiply(hidden[:-1], cont[1:][:, :, None], out=kept[1:])
            self.linear_backward(_steps(kept), weights.hidden, _steps(d_sums), None, d_weights.hidden, None, transpose=False)
        if weights.static is not None:
            fixed = self.scratch("recurrent.fixed", d_sums.shape[1:])
            d_sums.sum(axis=0, out=fixed)
            self.linear_backward(inputs.static, weights.static, fixed, d_inputs.static, d_weights.static, None, transpose=False)


def _by_gate(x: Array) -> Array:
    """(N, 4 D) seen as (N, 4, D)."""
    return x.reshape(x.shape[0], 4, x.shape[1] // 4)


def _steps(x: Array) -> Array:
    """(T, N, D) seen as (T * N, D)."""
    return x.reshape(x.shape[0] * x.shape[1], x.shape[2])
