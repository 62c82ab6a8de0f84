"""Steps that a GPU was asked for once and goes through again: CUDA graphs, which spare the host the launch of every kernel.

What a graph holds stays as it was: numbers and addresses. So what changes from iteration to iteration is in device memory: the rates, and
how many passes ago the pass was recorded, which the draws of Dropout and the like go by. Batches come from layers without bottoms, which
run before each pass as ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..blob import Array, Shape
from ..errors import DeviceError, SolverError
from ..ops.base import Ops
from ..ops.reference.arrays import Recording
from ..random import Stream
from ..schema.places import place_of
from .steps import Steps

if TYPE_CHECKING:
    from .solver import Solver

HINT = "Leave --cuda-graph out"


class Repeated:
    """Operations that are done the first time, so that all memory is there, then recorded, and replayed from then on."""

    def __init__(self, ops: Ops, operations: Callable[[], None]):
        self.ops, self.operations = ops, operations
        self.recording: Recording | None = None
        self._warm = False

    def __call__(self) -> None:
        if not self._warm:
            self.operations()
            self._warm = True
            return
        if self.recording is None:
            self.recording = self.record()
        self.replay(self.recording)

    def record(self) -> Recording:
        return self.ops.record(self.operations)

    def replay(self, recording: Recording) -> None:
        recording.replay()


class RepeatedPass(Repeated):
    """A pass, in which layers may draw: one draw at most of each layer's stream. It is recorded anew where the streams are not in step.

    streams: gives those of all layers.
    """

    def __init__(self, ops: Ops, operations: Callable[[], None], streams: Callable[[], list[Stream]]):
        super().__init__(ops, operations)
        self._streams = streams
        self._drawn: list[tuple[Stream, int]] = []

    def __call__(self) -> None:
        if self._later() is None:
            self.recording = None
        super().__call__()

    def record(self) -> Recording:
        begun = [(stream, stream.draws) for stream in self._streams()]
        recording = super().record()
        self._drawn = [(stream, before) for stream, before in begun if stream.draws > before]
        if any(stream.draws > before + 1 for stream, before in self._drawn):
            raise DeviceError("it draws more than once in a pass")
        for stream, before in begun:
            stream.draws = before
        return recording

    def replay(self, recording: Recording) -> None:
        recording.replay(self._later() or 0)
        for stream, _ in self._drawn:
            stream.draws += 1

    def _later(self) -> int | None:
        """How many passes after the recorded one the streams stand; None if they are others, or not in step."""
        streams = self._streams()
        found = {stream.draws - before for stream, before in self._drawn} or {0}
        if len(found) > 1 or min(found) < 0 or any(stream not in streams for stream, _ in self._drawn):
            return None
        return found.pop()


class CapturedSteps(Steps):
    """Steps by CUDA graphs: one that clears gradients, one for a pass, one for the update.

    Raises ModelError for a layer that cannot be captured, SolverError for such an update, DeviceError where nothing can. Batches of other
    shapes than before are computed as ever once; passes that are looked into, always.
    """

    def __init__(self, solver: Solver):
        super().__init__(solver)
        net, ops = solver.net, solver.ops
        for layer, node in zip(net.layers, net.graph.nodes, strict=True):
            if node.bottoms and layer.on_host:
                raise layer.error("what the layer does on the host cannot be captured", hint=HINT)
        ops.record(lambda: None)
        self._sources = {i for i, node in enumerate(net.graph.nodes) if not node.bottoms}
        self._at = 0
        self._loss = ops.zeros(())
        self._rates = {multiplier: ops.zeros(()) for multiplier in self.rates(0.0)}
        self._shapes: list[Shape] = []
        self._cleared = Repeated(ops, self._clear)
        self._passed = self._new_pass()
        self._changed = Repeated(ops, lambda: self.change(self._rates))

    def clear(self) -> None:
        self._cleared()

    def run(self, loss: Array) -> None:
        net = self.solver.net
        if net.debug_info or any(vars(net.callbacks).values()):
            super().run(self._loss)
        else:
            self._take_batches()
            try:
                self._passed()
            except DeviceError as error:
                raise net.layers[self._at].error(f"the layer cannot be captured: {error.what}", hint=HINT) from error
        net.ops.copy(self._loss, loss)

    def update(self, rate: float, *, displayed: bool = False) -> None:
        message = self.solver.message
        for multiplier, value in self.rates(rate).items():
            self.solver.ops.fill(self._rates[multiplier], value)
        try:
            self._changed()
        except DeviceError as error:
            what = f"the update of {message.type} cannot be captured: {error.what}"
            raise SolverError(what, place=place_of(message, "type"), hint=HINT) from error
        if displayed:
            self.say_clipping()

    def _clear(self) -> None:
        super().clear()
        self.solver.ops.fill(self._loss, 0)

    def _take_batches(self) -> None:
        net = self.solver.net
        for i in sorted(self._sources):
            net.forward_layer(i, self._loss)
        shapes = [blob.shape for i in sorted(self._sources) for blob in net.tops(i)]
        if shapes != self._shapes:
            self._shapes, self._passed = shapes, self._new_pass()

    def _new_pass(self) -> RepeatedPass:
        net = self.solver.net
        return RepeatedPass(net.ops, self._pass, lambda: [layer.random for layer in net.layers])

    def _pass(self) -> None:
        """What a batch that is there goes through, forward and backward."""
        net = self.solver.net
        told = net.callbacks.before_forward, net.callbacks.before_backward
        net.fed = self._sources
        for functions in told:
            functions.append(self._note)
        try:
            super().run(self._loss)
        finally:
            net.fed = ()
            for functions in told:
                functions.remove(self._note)

    def _note(self, layer: int) -> None:
        self._at = layer
