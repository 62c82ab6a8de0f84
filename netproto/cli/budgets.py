"""What a net takes in testing and in training, and the largest batch of each that fits into so much memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import NetprotoError
from ..layers.base import TEST, TRAIN
from ..layers.data import DEPTH
from ..net.footprint import Footprint, footprint, largest_batch
from ..net.graph import Graph
from ..schema import messages, rules
from . import guesses, nets, shapes

FOR_OTHERS = 0.1
"""The share of memory that the largest batch leaves for workspaces and for the program itself."""
NO_BATCH = ("Parameter",)
"""Layers without bottoms whose tops have no batch."""


@dataclass(frozen=True)
class Budget:
    """use: 'testing' or 'training'. batch: the first extent of its inputs, 0 if they differ. memory: what there is, in bytes."""

    use: str
    batch: int
    footprint: Footprint
    largest_batch: int | None
    memory: int


def of(
    net: Any, phase: int, level: int, stages: Sequence[str], *, history: int, memory: int | None, written: Any = None
) -> tuple[Graph, list[Budget]]:
    """The graph of an upgraded NetParameter in a phase; and what its nets of both phases take, as far as their shapes can be known.

    history: arrays that the solver keeps for each learned blob. memory: bytes there are, None if that is not known. written: the net as its
    file has it, where `net` has inputs in the place of its data: it says how many batches are read ahead.
    """
    variants = {p: _Variant(net, p, level, stages, history, written or net) for p in (TEST, TRAIN)}
    shown = variants[phase].graph(quiet=False)
    budgets = []
    for use, p in (("testing", TEST), ("training", TRAIN)):
        try:
            graph = shown if p == phase else variants[p].graph(quiet=True)
        except NetprotoError:
            continue
        if use == "testing" or any(node.need_backward for node in graph.nodes):
            budgets.append(variants[p].budget(use, graph, memory))
    return shown, budgets


class _Variant:
    """The net of one phase."""

    def __init__(self, net: Any, phase: int, level: int, stages: Sequence[str], history: int, written: Any):
        self.phase, self.history = phase, history
        state = messages.NetState(phase=phase, level=level, stage=stages)
        self.net = rules.filter_net(net, state)
        self.queued = {layer.name: _depth(layer) for layer in rules.filter_net(written, state).layer if nets.batched_fields(layer)}

    def graph(self, *, quiet: bool) -> Graph:
        return guesses.fitting_graph(self.net, self.phase, quiet=quiet)

    def budget(self, use: str, graph: Graph, memory: int | None) -> Budget:
        sources = {graph.blob_names[t]: graph.shapes[t] for node in graph.nodes if _is_source(node.layer.message) for t in node.tops}
        batches = {shape[0] for shape in sources.values() if shape}
        batch = batches.pop() if len(batches) == 1 else 0
        largest = None
        if batch and memory is not None:
            largest = self._largest(sources, int(memory * (1 - FOR_OTHERS)))
        return Budget(use, batch, self._footprint(graph), largest, memory or 0)

    def _largest(self, sources: dict[str, Any], memory: int) -> int | None:
        """None where the net does not build with another batch."""
        found = []
        for batch in (1, 2):
            rebatched = shapes.with_inputs(self.net, {top: (batch, *shape[1:]) for top, shape in sources.items() if shape})
            try:
                found.append(self._footprint(guesses.fitting_graph(rebatched, self.phase, quiet=True)))
            except NetprotoError:
                return None
        return largest_batch(found[0], found[1], memory)

    def _footprint(self, graph: Graph) -> Footprint:
        return footprint(graph, training=self.phase == TRAIN, lean=True, history=self.history, queued=self.queued)


def _is_source(message: Any) -> bool:
    return not message.bottom and message.type not in NO_BATCH


def _depth(layer: Any) -> int:
    """How many batches a layer reads ahead."""
    return layer.data_param.prefetch if layer.data_param.HasField("prefetch") else DEPTH
