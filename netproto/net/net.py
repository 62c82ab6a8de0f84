"""Net: a graph bound to memory, with forward and backward passes.

Caffe: include/caffe/net.hpp, src/caffe/net.cpp. Blobs are allocated once; a layer is reshaped only when a bottom changed its shape.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .. import fillers
from ..blob import Array, Blob, Shape, Store
from ..errors import ModelError
from ..layers.base import TEST, TRAIN, Internal, Layer
from ..ops.base import Ops
from ..random import Stream
from ..schema.places import label, place_of
from . import debug
from .graph import AUTOMATIC, Graph, Node, build, prepare


@dataclass(frozen=True)
class Learnable:
    """A learned blob that a solver updates, with its multipliers. `key` names it in files: layer and index."""

    key: str
    blob: Blob
    lr_mult: float
    decay_mult: float


@dataclass
class Callbacks:
    """Functions that are called with a layer's number before and after each of its passes. Caffe: Net::Callback."""

    before_forward: list[Callable[[int], Any]] = field(default_factory=list)
    after_forward: list[Callable[[int], Any]] = field(default_factory=list)
    before_backward: list[Callable[[int], Any]] = field(default_factory=list)
    after_backward: list[Callable[[int], Any]] = field(default_factory=list)


class Net:
    """A net that runs.

    message: an upgraded NetParameter. phase: TRAIN or TEST. ops: the backend for all arrays. seed: where all random draws start.
    given: layers whose learned blobs get their values from elsewhere before they are needed, so that nothing has to fill them.
    `blobs` maps names to Blobs in the order of the file; `params` maps the names of layers that learn to their Blobs.
    `fed` are the numbers of layers that forward passes leave out, since what they make is there.
    """

    def __init__(
        self,
        message: Any,
        *,
        ops: Ops,
        phase: int = TEST,
        level: int = 0,
        stages: Sequence[str] = (),
        seed: int = 0,
        rank: int = 0,
        ranks: int = 1,
        given: Collection[str] = (),
    ):
        self.ops = ops
        self.message = prepare(message, phase, level, stages)
        self.graph: Graph = build(self.message, phase)
        self._plan()
        self.name, self.phase = self.graph.name, phase
        self.debug_info: bool = self.message.debug_info
        self.callbacks = Callbacks()
        self.fed: Collection[int] = ()
        self.layers: list[Layer] = [node.layer for node in self.graph.nodes]
        self.layer_names: list[str] = [layer.name for layer in self.layers]
        self._blobs = [Blob(shape, ops) for shape in self.graph.shapes]
        self.blobs: dict[str, Blob] = {n: b for n, b in zip(self.graph.blob_names, self._blobs, strict=True) if n != AUTOMATIC}
        self.params: dict[str, list[Blob]] = {}
        self.learnable: list[Learnable] = []
        self._internal_stores: list[dict[str, Store]] = [{} for _ in self.layers]
        self._reshaped_for: list[tuple[Shape, ...] | None] = [None] * len(self.layers)
        self._bottoms = [[self._blobs[b] for b in node.bottoms] for node in self.graph.nodes]
        self._tops = [[self._blobs[t] for t in node.tops] for node in self.graph.nodes]
        for layer in self.layers:
            layer.ops = ops
            layer.rank, layer.ranks = rank, ranks
        self.reseed(seed)
        self._allocate_params(given)
        self._share()
        self.reshape()
        for layer, top in zip(self.layers, self._tops, strict=True):
            layer.prepare(top)

    def _plan(self) -> None:
        """What a kind of net works out from the graph before there is memory."""

    # -- memory --------------------------------------------------------------------------------------------------------------

    def _allocate_params(self, given: Collection[str]) -> None:
        owners: list[Blob] = []
        for param in self.graph.learned:
            blob = Blob(param.shape, self.ops)
            owners.append(blob)
            self.learnable.append(Learnable(param.key, blob, param.lr_mult, param.decay_mult))
        filled: set[int] = set()
        fills: list[tuple[Layer, int, Blob]] = []
        for node in self.graph.nodes:
            for index, shape in zip(node.learned, node.shapes, strict=True):
                if index not in filled:
                    filled.add(index)
                    if node.layer.name not in given:
                        fills.append((node.layer, index, owners[index]))
                    node.layer.blobs.append(owners[index])
                    continue
                shared = Blob(shape, self.ops)
                shared.share_data(owners[index])
                shared.share_diff(owners[index])
                node.layer.blobs.append(shared)
            if node.learned:
                self.params[node.layer.name] = node.layer.blobs
        fills.sort(key=lambda fill: -fill[2].count)
        self.ops.side_by_side([partial(self._fill, *fill) for fill in fills])

    def _share(self) -> None:
        """What a kind of net changes in who has which memory, before any is taken."""

    def _fill(self, layer: Layer, index: int, blob: Blob) -> None:
        param = self.graph.learned[index]
        if param.filler is None or (param.filler.type == "constant" and param.filler.value == 0):
            return
        generator = Stream(self.seed, f"fill/{param.key}").generator()
        try:
            fillers.fill(param.filler, blob, generator)
        except ModelError as error:
            raise layer.error(error.what, hint=error.hint) from None

    def reshape(self) -> None:
        """Carry the shapes of the inputs through the whole net. Caffe: Net::Reshape."""
        for i in range(len(self.layers)):
            self._reshape_layer(i)

    def _reshape_layer(self, i: int) -> None:
        layer = self.layers[i]
        bottom, top = self._bottoms[i], self._tops[i]
        shapes = tuple(b.shape for b in bottom)
        if shapes == self._reshaped_for[i]:
            return
        top_shapes = layer.reshape(shapes)
        for blob, shape in zip(top, top_shapes, strict=True):
            blob.reshape(shape)
        for t, b in layer.data_views().items():
            if top[t] is not bottom[b]:
                top[t].share_data(bottom[b])
        for t, b in layer.diff_views().items():
            if top[t] is not bottom[b]:
                top[t].share_diff(bottom[b])
        stores = self._internal_stores[i]
        for name, internal in self._internal_arrays(i, shapes, top_shapes).items():
            store = stores.setdefault(name, Store(self.ops, internal.dtype))
            layer.internals[name] = store.view(internal.shape)
        for blob, weight in self._weighted(i):
            self.ops.fill(blob.diff, weight)
        self._reshaped_for[i] = shapes

    def _internal_arrays(self, i: int, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        """The arrays of a layer's own that it gets."""
        return self.layers[i].internal_arrays(bottom, top)

    def _weighted(self, i: int) -> list[tuple[Blob, float]]:
        """The tops of a layer that have a loss_weight; it stands in their diff, as Caffe has it."""
        return [(blob, weight) for blob, weight in zip(self._tops[i], self.graph.nodes[i].loss_weights, strict=True) if weight]

    # -- passes --------------------------------------------------------------------------------------------------------------

    def forward(self, start: int = 0, end: int | None = None, *, loss: Array | None = None) -> Array:
        """Run layers start..end (inclusive; default the last); `loss` (shape ()), or a new 0, with the weighted sum of losses added."""
        total = self.ops.zeros(()) if loss is None else loss
        for i in range(start, len(self.layers) if end is None else end + 1):
            call(self.callbacks.before_forward, i)
            self.forward_layer(i, total)
            call(self.callbacks.after_forward, i)
        return total

    def forward_layer(self, i: int, loss: Array | None = None) -> None:
        """Run one layer, unless it is fed already, and add its share of the loss where that is wanted."""
        if i in self.fed:
            return
        self._reshape_layer(i)
        self.layers[i].forward(self._bottoms[i], self._tops[i])
        if self.debug_info:
            debug.forward(self, i)
        for blob, weight in self._weighted(i):
            if blob in self._bottoms[i] or self.layers[i].diff_views():
                self.ops.fill(blob.diff, weight)  # the last backward pass has put a gradient there
            if loss is not None:
                self.ops.add_dot(blob.data, blob.diff, loss)

    def backward(self, start: int | None = None, end: int = 0) -> None:
        """Run the backward pass from layer `start` (default the last) down to `end`, where a gradient is needed.

        Parameter gradients are added to what is there: `clear_param_diffs` first.
        """
        for i in range(len(self.layers) - 1 if start is None else start, end - 1, -1):
            call(self.callbacks.before_backward, i)
            if self.graph.nodes[i].need_backward:
                self.backward_layer(i)
            call(self.callbacks.after_backward, i)
        if self.debug_info and start is None and not end:
            debug.all_params(self)

    def backward_layer(self, i: int) -> None:
        """Run one layer's backward pass, needed or not."""
        self.layers[i].backward(self._tops[i], self.graph.nodes[i].propagate_down, self._bottoms[i])
        if self.debug_info:
            debug.backward(self, i)

    def clear_param_diffs(self) -> None:
        """Set the gradients of all learned blobs to zero."""
        for param in self.learnable:
            self.ops.fill(param.blob.diff, 0)

    def factors(self, learned: int) -> tuple[Array, Array] | None:
        """dy (M, N) and x (M, K), where the gradient of that learned blob is left as the product dy' x and is not in its diff; or None.

        They are there from a backward pass to the next forward pass.
        """
        return None

    # -- names ---------------------------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> list[str]:
        """The tops of Input layers, in the order of the file."""
        return [self.graph.blob_names[i] for i in self.graph.inputs]

    @property
    def outputs(self) -> list[str]:
        """The tops that no layer reads, in alphabetical order, as Caffe has them."""
        return [self.graph.blob_names[i] for i in self.graph.outputs]

    def blob_loss_weight(self, name: str) -> float:
        """The loss_weight of a blob, 0 where it has none."""
        index = self.graph.blob_names.index(name)
        weights = [w for n in self.graph.nodes for t, w in zip(n.tops, n.loss_weights, strict=True) if t == index]
        return weights[-1] if weights else 0.0

    def blob(self, index: int) -> Blob:
        """The blob of a number in the graph, nameless ones included."""
        return self._blobs[index]

    def bottom_names(self, node: Node) -> list[str]:
        return [self.graph.blob_names[i] for i in node.bottoms]

    def tops(self, layer: int) -> list[Blob]:
        """What a layer writes to."""
        return self._tops[layer]

    def top_names(self, node: Node) -> list[str]:
        return [self.graph.blob_names[i] for i in node.tops]

    # -- weights -------------------------------------------------------------------------------------------------------------

    def share_params_with(self, other: Net) -> None:
        """Let layers of the same name use the other net's learned blobs: a test net sees what is trained. Caffe: ShareTrainedLayersWith."""
        for name, blobs in self.params.items():
            if name not in other.params:
                continue
            theirs = other.params[name]
            for j, (mine, its) in enumerate(zip(blobs, theirs, strict=False)):
                if mine.shape != its.shape or len(blobs) != len(theirs):
                    message = self.layers[self.layer_names.index(name)].message
                    raise ModelError(
                        f"cannot share learned blob {j}: its shape is {mine.shape} here and {its.shape} in the other net",
                        place=place_of(message),
                        layer=label(message),
                        hint="Rename the layer in one of the nets if they are meant to differ",
                    )
                mine.share_data(its)
        self.weights_changed()

    def weights_changed(self) -> None:
        """Say that learned blobs have other values now. Whoever writes to the blobs of an InferenceNet calls it."""

    # -- state that a snapshot keeps -----------------------------------------------------------------------------------------

    def reseed(self, seed: int) -> None:
        """Start every layer's random draws anew from a seed. Each rank draws its own, but for the records that are dealt to them all."""
        self.seed = seed
        for layer in self.layers:
            apart = f"/rank {layer.rank}" if layer.rank and not layer.draws_for_records else ""
            layer.random = Stream(seed, f"{'TRAIN' if self.phase == TRAIN else 'TEST'}/{layer.name}{apart}")

    def draws(self) -> dict[str, int]:
        """How many random draws each layer has made, where it has made any."""
        return {layer.name: layer.random.draws for layer in self.layers if layer.random.draws}

    def restore_draws(self, draws: dict[str, int]) -> None:
        for layer in self.layers:
            layer.random.draws = draws.get(layer.name, 0)

    def data_states(self) -> dict[str, dict[str, Any]]:
        """Where each data layer stands in its source."""
        return {layer.name: state for layer in self.layers if (state := layer.data_state())}

    def restore_data_states(self, states: dict[str, dict[str, Any]]) -> None:
        for layer in self.layers:
            if layer.name in states:
                layer.restore_data_state(states[layer.name])

    def close(self) -> None:
        """Stop the readers of data layers. The net cannot run forward afterwards."""
        for layer in self.layers:
            layer.close()


def call(functions: Sequence[Callable[[int], Any]], layer: int) -> None:
    """Call a net's callbacks for one layer."""
    for function in functions:
        function(layer)
