"""A net that runs forward only, in phase TEST: layers run together, and blobs that nobody looks at take little memory or none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ..blob import Array, Shape
from ..errors import ModelError, did_you_mean
from ..layers.base import TEST, Internal
from ..layers.convolution import Convolution
from ..layers.inner_product import InnerProduct
from ..ops.base import Ops
from ..ops.reference.bound import Finish, Run
from ..ops.reference.program import Pass, Weights
from ..schema.places import place_of
from . import data_memory
from .folding import folded
from .fusion import Step, kept_of, passes_on, roots_of, steps_of
from .net import Net, call
from .sections import Section, instructions_of, sections_of


class InferenceNet(Net):
    """A net that runs as one whole, without a backward pass. It makes what a Net of phase TEST makes, but for rounding.

    message: an upgraded NetParameter. ops: the backend for all arrays. keep: blobs that are looked at, besides outputs and the tops of
    layers without bottoms; `blobs` has no others. Raises ModelError for one that the net does not have. A net with debug_info keeps all, as
    it speaks of all. Where learned blobs have been written to, `weights_changed` has to be called.
    """

    def __init__(
        self,
        message: Any,
        *,
        ops: Ops,
        keep: Collection[str] = (),
        level: int = 0,
        stages: Sequence[str] = (),
        seed: int = 0,
        rank: int = 0,
        ranks: int = 1,
        given: Collection[str] = (),
    ):
        self._keep = keep
        super().__init__(message, ops=ops, phase=TEST, level=level, stages=stages, seed=seed, rank=rank, ranks=ranks, given=given)
        self._bound: dict[int, tuple[Array, Run]] = {}
        self._programs: dict[int, tuple[list[Shape], Pass | None]] = {}
        self._share_data()
        self.blobs = {name: blob for name, blob in self.blobs.items() if self.graph.blob_names.index(name) in self._kept}

    def _plan(self) -> None:
        names = self.graph.blob_names
        for name in self._keep:
            if name not in names:
                raise ModelError(f"the net has no blob {name!r}", place=place_of(self.message), hint=did_you_mean(name, names))
        self._kept = kept_of(self.graph, self._keep)
        if self.message.debug_info:
            self._kept, self.steps = set(range(len(names))), [Step([i]) for i in range(len(self.graph.nodes))]
        else:
            self.steps = steps_of(self.graph, self._kept, into_parts=self.ops.writes_channels)
        self._roots = roots_of(self.graph, self._kept)
        self.units = sections_of(self.graph, self.steps, self._kept, self.ops.takes)
        placed = {step.top: step.into[0] for step in self.steps if step.into}
        self._filled = {
            i: [b in placed for b in node.bottoms] for i, node in enumerate(self.graph.nodes) if placed.keys() & set(node.bottoms)
        }
        self._together = {i for step in self.steps if step.top >= 0 for i in step.nodes}

    # -- memory --------------------------------------------------------------------------------------------------------------

    def _share_data(self) -> None:
        touched = (unit.given if isinstance(unit, Section) else data_memory.blobs_of(self.graph, unit) for unit in self.units)
        for first, *others in data_memory.plan(self.graph, touched, self._kept):
            for blob in others:
                self._blobs[blob].share_data(self._blobs[first])
            self._blobs[first].data  # noqa: B018 the largest takes the memory, before others do
        for blob, root in self._roots.items():
            if root != blob:
                self._blobs[blob].share_data(self._blobs[root])

    def _internal_arrays(self, i: int, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        if i in self._together:
            return {}
        return {name: array for name, array in super()._internal_arrays(i, bottom, top).items() if not array.for_backward}

    def weights_changed(self) -> None:
        self._bound, self._programs = {}, {}

    # -- passes --------------------------------------------------------------------------------------------------------------

    def forward(self, start: int = 0, end: int | None = None, *, loss: Array | None = None) -> Array:
        """Run the net; `loss` (shape ()), or a new 0, with the weighted sum of losses added. A part of it cannot run."""
        if start or end is not None:
            raise ModelError("a net that keeps no blobs runs as a whole", place=place_of(self.message))
        total = self.ops.zeros(()) if loss is None else loss
        for unit in self.units:
            if self.callbacks.before_forward:
                for i in unit.nodes:
                    call(self.callbacks.before_forward, i)
            if isinstance(unit, Section):
                self._run_section(unit, total)
            else:
                self._run(unit, total)
            if self.callbacks.after_forward:
                for i in unit.nodes:
                    call(self.callbacks.after_forward, i)
        return total

    def backward(self, start: int | None = None, end: int = 0) -> None:
        """There is none."""
        raise ModelError("a net for inference has no backward pass", place=place_of(self.message), hint="Make a Net")

    def _run(self, step: Step, total: Array) -> None:
        if step.top < 0:
            self._run_layer(step.node, total)
            return
        x = self._bottoms[step.node][0].data
        to, run = self._bound.get(step.node, (None, self.ops.wait))
        if x is not to:
            run = self._bind(step, x)
            self._bound[step.node] = x, run
        run()

    def _run_section(self, section: Section, total: Array) -> None:
        """Several steps as one program, for the shapes that what it is given has now; one by one where it is none for these shapes."""
        to, run = self._programs.get(section.nodes[0], (None, None))
        if to != [self._blobs[blob].shape for blob in section.given]:
            run = self._bind_section(section)
            self._programs[section.nodes[0]] = [self._blobs[blob].shape for blob in section.given], run
        if run is not None:
            run({blob: self._blobs[blob].data for blob in section.given})
            return
        for step in section.steps:
            self._run(step, total)

    def _bind_section(self, section: Section) -> Pass | None:
        shapes = {blob: self._blobs[blob].shape for blob in section.given}
        for i in section.nodes:
            node = self.graph.nodes[i]
            bottoms = [shapes.setdefault(blob, self._blobs[blob].shape) for blob in node.bottoms]
            shapes.update(zip(node.tops, node.layer.reshape(bottoms), strict=True))
        program = instructions_of(self.graph, section, self._roots, shapes, self.ops.takes)
        if program is None:
            return None
        for blob, shape in shapes.items():
            if self._roots[blob] in section.given:
                self._blobs[blob].reshape(shape)
        weights = [self._weights(step) if step.top >= 0 else None for _, step in program]
        values = {root: shapes[root] for blob in shapes if (root := self._roots[blob]) in shapes}
        return self.ops.bound_program([instruction for instruction, _ in program], weights, values, section.given)

    def _weights(self, step: Step) -> Weights:
        layer = self.layers[step.node]
        assert isinstance(layer, Convolution | InnerProduct)
        return folded(layer, [self.layers[i] for i in step.folded])

    def _run_layer(self, i: int, total: Array) -> None:
        """A layer by itself, as far as there is anything to do."""
        bottom, top = self._bottoms[i], self._tops[i]
        if i in self._filled:
            self._reshape_layer(i)
            channel = 0
            for blob, there in zip(bottom, self._filled[i], strict=True):
                if not there:
                    self.ops.copy(blob.data, top[0].data[:, channel : channel + blob.shape[1]])
                channel += blob.shape[1]
        elif self.debug_info or not passes_on(self.layers[i]) or top[0].data_store is not bottom[0].data_store:
            self.forward_layer(i, total)
        else:
            self._reshape_layer(i)

    def _bind(self, step: Step, x: Array) -> Run:
        """A step bound to its blobs as they are now, and to weights of their present values."""
        layer = self.layers[step.node]
        assert isinstance(layer, Convolution | InnerProduct)
        weight, bias = self._weights(step)
        add = None if step.add is None else self._blobs[step.add].data
        y = self._target(step, layer.reshape([x.shape])[0])
        if isinstance(layer, Convolution):
            return self.ops.bound_conv(x, weight, bias, y, geo=layer.geometry, finish=Finish(add, step.slope))
        rows = x.reshape(-1, layer.inputs), y.reshape(-1, layer.outputs)
        add = None if add is None else add.reshape(rows[1].shape)
        return self.ops.bound_linear(rows[0], weight, bias, rows[1], transpose=layer.transpose, finish=Finish(add, step.slope))

    def _target(self, step: Step, shape: Shape) -> Array:
        """Where a step writes to: its blob, or some channels of a Concat's."""
        own = self._blobs[step.top]
        own.reshape(shape)
        if step.into is None:
            return own.data
        whole, first = self._blobs[step.into[0]], step.into[1]
        whole.reshape((shape[0], whole.shape[1], *shape[2:]))
        return whole.data[:, first : first + shape[1]]
