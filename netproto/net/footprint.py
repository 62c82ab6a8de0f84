"""How much memory a net takes, worked out from its shapes: no array is made for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from . import data_memory, diff_memory
from .chains import chains_of, unused_copies
from .fusion import kept_of, roots_of, steps_of
from .graph import Graph, Node
from .views import owners


@dataclass(frozen=True)
class Footprint:
    """Bytes of a net's arrays, by what they are for.

    learned: learned blobs; with gradients while training. history: what a solver remembers of each learned blob. data, gradients: of the
    blobs between layers, each array once however many blobs it serves. internals: layers' own arrays. queued: batches read ahead.
    Workspaces, which layers share and whose size hardly depends on the batch, are not in it, nor are weights that a backend holds a second
    time in an order of its own. Gradients that a TrainingNet may leave as products are counted as if they were made.
    """

    learned: int
    history: int
    data: int
    gradients: int
    internals: int
    queued: int

    @property
    def per_batch(self) -> int:
        """What grows with the batch."""
        return self.data + self.gradients + self.internals + self.queued

    @property
    def total(self) -> int:
        return self.learned + self.history + self.per_batch


def footprint(
    graph: Graph,
    *,
    training: bool,
    lean: bool = False,
    history: int = 1,
    queued: Mapping[str, int] | None = None,
    real: int = 4,
) -> Footprint:
    """The memory of a graph's forward pass; with `training`, of its backward pass too.

    Programs of a backend (sections.py) have memory of their own for what lies within them: about as much as here.

    lean: of a TrainingNet, or without `training` of an InferenceNet that keeps its outputs only. history: arrays that the solver keeps for
    each learned blob. queued: layer name -> how many batches it reads ahead. real: bytes of a real number.
    """
    learned = sum(prod(param.shape) for param in graph.learned) * real
    ahead = sum((queued or {}).get(node.layer.name, 0) * _numbers(graph, node.tops) for node in graph.nodes) * real
    if lean and not training:
        return _of_inference(graph, learned, ahead, real)
    data = set(owners(graph, gradients=False))
    looked_at = owners(graph, gradients=True)
    gradients = {looked_at[blob] for blob in _with_gradient(graph, training)}
    if lean:
        gradients -= {blob for group in diff_memory.plan(graph) for blob in group[1:]}
    return Footprint(
        learned=learned * (2 if training else 1),
        history=learned * history if training else 0,
        data=_numbers(graph, data) * real,
        gradients=_numbers(graph, gradients) * real,
        internals=sum(internals(graph, node, real) for node in graph.nodes) - (_spared(graph) * real if lean else 0),
        queued=ahead,
    )


def _of_inference(graph: Graph, learned: int, queued: int, real: int) -> Footprint:
    kept = kept_of(graph)
    steps = steps_of(graph, kept, into_parts=True)
    roots = roots_of(graph, kept)
    together = {i for step in steps if step.top >= 0 for i in step.nodes}
    alone = (node for i, node in enumerate(graph.nodes) if i not in together)
    touched = (data_memory.blobs_of(graph, step) for step in steps)
    data = {roots[blob] for blob in kept} | {group[0] for group in data_memory.plan(graph, touched, kept)}
    return Footprint(
        learned=learned,
        history=0,
        data=_numbers(graph, data) * real,
        gradients=_numbers(graph, _with_gradient(graph, training=False)) * real,
        internals=sum(internals(graph, node, real, backward=False) for node in alone),
        queued=queued,
    )


def _spared(graph: Graph) -> int:
    """The numbers that a TrainingNet does not keep twice."""
    nodes = (graph.nodes[i] for i in unused_copies(chains_of(graph), {}))
    return sum(prod(graph.shapes[node.bottoms[0]]) for node in nodes)


def activations(graph: Graph, node: Node, real: int = 4) -> int:
    """Bytes of what a layer makes in a forward pass: tops that are neither its bottoms nor views of them, and arrays of its own."""
    views = node.layer.data_views()
    made = {t for j, t in enumerate(node.tops) if t not in node.bottoms and j not in views}
    return _numbers(graph, made) * real + internals(graph, node, real)


def internals(graph: Graph, node: Node, real: int = 4, *, backward: bool = True) -> int:
    """Bytes of the arrays of a layer's own: masks, statistics, what backward needs of forward, if there is a backward pass."""
    arrays = node.layer.internal_arrays([graph.shapes[b] for b in node.bottoms], [graph.shapes[t] for t in node.tops])
    wanted = (array for array in arrays.values() if backward or not array.for_backward)
    return sum(prod(a.shape) * (real if a.dtype == "real" else np.dtype(a.dtype).itemsize) for a in wanted)


def largest_batch(one: Footprint, two: Footprint, available: int) -> int | None:
    """How many items fit into so many bytes, for the footprints of batches of 1 and of 2; None if the batch does not matter."""
    each = two.per_batch - one.per_batch
    return max(0, 1 + (available - one.total) // each) if each > 0 else None


def _numbers(graph: Graph, blobs: Iterable[int]) -> int:
    return sum(prod(graph.shapes[blob]) for blob in blobs)


def _with_gradient(graph: Graph, training: bool) -> Iterator[int]:
    """Blobs whose diff is looked at: losses always, since it holds their weight; in training what a gradient flows through."""
    for node in graph.nodes:
        yield from (top for top, weight in zip(node.tops, node.loss_weights, strict=True) if weight)
        if training and node.need_backward:
            yield from node.tops
            yield from (bottom for bottom, wanted in zip(node.bottoms, node.propagate_down, strict=True) if wanted)
