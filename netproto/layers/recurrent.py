"""What RNN and LSTM have in common: sequences in, sequences out, and what is remembered in between. Caffe: recurrent_layer.hpp and .cpp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..blob import Array, Blob, Shape
from ..ops.sequences import Sequences
from .base import Arity, Internal, Layer, count, exactly


class RecurrentLayer(Layer):
    """Bottoms: x (T, N, ...), cont (T, N), optionally a static input (N, ...), and with `expose_hidden` what is remembered at the start.

    What is remembered at the end of a forward pass is where the next begins, unless `expose_hidden` makes it a bottom. No gradient goes
    there.
    """

    no_gradient_bottoms = frozenset({1})
    remembered: ClassVar[tuple[str, ...]] = ()
    """What goes from timestep to timestep, (1, N, num_output) each, in the order of the exposed bottoms and tops."""

    def __init__(self, message: Any, phase: int):
        super().__init__(message, phase)
        exposed = len(self.remembered) if message.recurrent_param.expose_hidden else 0
        self.bottoms, self.tops = Arity(2 + exposed, 3 + exposed), exactly(1 + exposed)  # type: ignore[misc]
        self.exposed = exposed

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.recurrent_param
        self.units: int = param.num_output
        self.require(self.units > 0, "num_output must be at least 1", field="recurrent_param.num_output")
        self.has_static = len(bottom) > 2 + self.exposed
        self.timesteps: int | None = None
        self.reshape(bottom)
        self.timesteps = bottom[0][0]
        self.inputs = count(bottom[0], 2)
        self.static_inputs = count(bottom[2], 1) if self.has_static else 0
        self.declare_weights(param.weight_filler, param.bias_filler)

    def declare_weights(self, weight_filler: Any, bias_filler: Any) -> None:
        """Declare the learned blobs for `units`, `inputs` and `static_inputs`, in Caffe's order."""
        raise NotImplementedError

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        x, cont = bottom[0], bottom[1]
        self.require(
            len(x) >= 3 and count(x[:2]) > 0,
            f"bottom 0 has the shape {x}, but (timesteps, streams, ...) of at least 3 axes is wanted",
            field="bottom[0]",
        )
        self.require(
            cont == x[:2],
            f"bottom 1 has the shape {cont}, but (timesteps, streams) = {x[:2]} is wanted, as in bottom 0",
            field="bottom[1]",
            hint="It holds 0 where a sequence begins, 1 where one goes on",
        )
        self.require(
            self.timesteps in (None, x[0]), f"bottom 0 has {x[0]} timesteps now; it began with {self.timesteps}", hint="Only N may change"
        )
        if self.has_static:
            self.require(
                len(bottom[2]) >= 2 and bottom[2][0] == x[1],
                f"bottom 2 has the shape {bottom[2]}, but (streams, ...) with {x[1]} streams is wanted",
                field="bottom[2]",
            )
        state = (1, x[1], self.units)
        for j in range(len(bottom) - self.exposed, len(bottom)):
            self.require(bottom[j] == state, f"bottom {j} has the shape {bottom[j]}, not {state}", field=f"bottom[{j}]")
        return [(*x[:2], self.units)] + [state] * self.exposed

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        state = Internal((1, bottom[0][1], self.units))
        starts = {f"start_{name}": state for name in self.remembered}
        return starts if self.exposed else starts | {f"kept_{name}": state for name in self.remembered}

    def recall(self, bottom: Sequence[Blob]) -> None:
        """Fill where a forward pass starts from: the exposed bottoms, or what was remembered at the end of the pass before."""
        given = [b.data for b in bottom[len(bottom) - self.exposed :]] if self.exposed else self._kept()
        for name, array in zip(self.remembered, given, strict=True):
            self.ops.copy(array, self.internals[f"start_{name}"])

    def remember(self, top: Sequence[Blob], ends: Sequence[Array]) -> None:
        """Give away, or keep for the next pass, what is remembered at the last timestep: arrays (T, N, D)."""
        for array, end in zip([t.data for t in top[1:]] if self.exposed else self._kept(), ends, strict=True):
            self.ops.copy(end[-1:], array)

    def starts(self) -> list[Array]:
        """What the pass started from, (N, D) each."""
        return [self.internals[f"start_{name}"][0] for name in self.remembered]

    def sequences(self, bottom: Sequence[Blob]) -> Sequences:
        """The bottoms as the operations want them."""
        return Sequences(self._steps(bottom[0].data), self._static(bottom[2].data) if self.has_static else None)

    def gradients(self, propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> Sequences:
        """Where the gradients of the bottoms go. Those of exposed bottoms are 0, as in Caffe, which does not go back beyond a pass."""
        for blob, wanted in zip(bottom[len(bottom) - self.exposed :], propagate_down[len(bottom) - self.exposed :], strict=True):
            if wanted:
                self.ops.fill(blob.diff, 0)
        static = self._static(bottom[2].diff) if self.has_static and propagate_down[2] else None
        return Sequences(self._steps(bottom[0].diff) if propagate_down[0] else None, static)

    def require_no_gradient_of_cont(self, propagate_down: Sequence[bool]) -> None:
        self.require(not propagate_down[1], "cannot give a gradient to bottom 1, which says where sequences go on", field="propagate_down")

    def learned(self) -> list[Array]:
        return [b.data for b in self.blobs]

    def learned_gradients(self) -> list[Array]:
        """The diffs of the learned blobs, None where they are not wanted."""
        return [self.param_diff(i) for i in range(len(self.blobs))]

    def data_state(self) -> dict[str, Any]:
        """What is remembered, so that a resumed run goes on with it."""
        return {} if self.exposed else {n: self.ops.to_host(a).tolist() for n, a in zip(self.remembered, self._kept(), strict=True)}

    def restore_data_state(self, state: dict[str, Any]) -> None:
        """Remember what `data_state` gave; nothing where the number of streams is another now."""
        for name, array in zip(self.remembered, self._kept(), strict=True):
            recorded = self.ops.asarray(state[name])
            if recorded.shape == array.shape:
                self.ops.copy(recorded, array)

    def _kept(self) -> list[Array]:
        return [self.internals[f"kept_{name}"] for name in self.remembered]

    def _steps(self, x: Array) -> Array:
        return x.reshape(*x.shape[:2], self.inputs)

    def _static(self, x: Array) -> Array:
        return x.reshape(x.shape[0], self.static_inputs)
