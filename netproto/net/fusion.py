"""Which layers of a net run as one where no gradient is wanted, and where nobody looks at the blobs between them. Numbers only, no arrays.

A Convolution or InnerProduct takes along, in this order: BatchNorm, Scale and Bias, which change its weights; one sum with a blob that is
there already; a ReLU. Dropout is passed through. A convolution whose top goes into a Concat of channels writes to its place there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ..layers.base import Layer
from ..layers.batch_norm import BatchNorm
from ..layers.bias import Bias
from ..layers.concat import Concat
from ..layers.convolution import Convolution
from ..layers.dropout import Dropout
from ..layers.eltwise import Eltwise
from ..layers.inner_product import InnerProduct
from ..layers.relu import ReLU
from ..layers.scale import Scale
from .graph import Graph, Node


@dataclass
class Step:
    """nodes: the layers' numbers; where several run as one, that of the layer that multiplies first.

    top: the blob that this layer's step writes, -1 for a layer by itself. folded: those of `nodes` that change the weights. add: a blob to
    add. slope: that of the ReLU behind, 1 where there is none. into: the top of a Concat and the first channel there, in the place of
    memory of the top's own.
    """

    nodes: list[int]
    top: int = -1
    folded: list[int] = field(default_factory=list)
    add: int | None = None
    slope: float = 1.0
    into: tuple[int, int] | None = None

    @property
    def node(self) -> int:
        return self.nodes[0]


def steps_of(graph: Graph, kept: Collection[int], *, into_parts: bool) -> list[Step]:
    """The steps of a graph's forward pass, in order.

    kept: blobs that are looked at afterwards. into_parts: whether convolutions may write to their channels of a Concat's top.
    """
    fusing, steps, taken = _Fusing(graph, kept), [], set[int]()
    for i, node in enumerate(graph.nodes):
        if i not in taken:
            steps.append(fusing.from_node(i) if _multiplies(node) else Step([i]))
            taken.update(steps[-1].nodes)
    if into_parts:
        _place_in_concats(graph, steps, kept)
    return steps


def kept_of(graph: Graph, names: Collection[str] = ()) -> set[int]:
    """The blobs that are looked at after a pass: those named, outputs, and the tops of layers without bottoms, which may fill them once.

    Raises ValueError for a name that the graph does not have.
    """
    kept = {graph.blob_names.index(name) for name in names} | set(graph.outputs)
    return kept.union(top for node in graph.nodes if not node.bottoms for top in node.tops)


def passes_on(layer: Layer) -> bool:
    """Whether a layer's top is its bottom."""
    return type(layer) is Dropout and not layer.drops and layer.factor == 1


def roots_of(graph: Graph, kept: Collection[int]) -> dict[int, int]:
    """Blob -> the blob whose memory it looks at, in a pass without a gradient.

    What is passed on has its bottom's memory where nobody else reads that: a layer in place behind it may write there.
    """
    roots = {blob: blob for blob in range(len(graph.shapes))}
    readers = Counter(blob for node in graph.nodes for blob in node.bottoms if blob not in node.tops)
    for node in graph.nodes:
        views = node.layer.data_views()
        if passes_on(node.layer) and roots[node.bottoms[0]] == node.bottoms[0] not in kept and readers[node.bottoms[0]] == 1:
            views = {0: 0}
        roots.update({node.tops[t]: roots[node.bottoms[b]] for t, b in views.items()})
    return roots


class _Fusing:
    def __init__(self, graph: Graph, kept: Collection[int]):
        self.graph, self.kept, self.roots = graph, kept, roots_of(graph, kept)

    def from_node(self, first: int) -> Step:
        """The longest step that begins with a layer that multiplies."""
        step = Step([first], self.graph.nodes[first].tops[0])
        while (reader := self._reader(step)) is not None and self._take(step, reader):
            step.nodes.append(reader)
            step.top = self.graph.nodes[reader].tops[0]
        return step

    def _reader(self, step: Step) -> int | None:
        """The layer that reads what the step writes; None if there is none, or if somebody else looks at it."""
        nodes, last = self.graph.nodes, step.nodes[-1]
        for i in range(last + 1, len(nodes)):
            if step.top in nodes[i].bottoms:
                hidden = step.top in nodes[i].tops or step.top not in self.kept
                return i if hidden and len(nodes[i].tops) == 1 and not any(nodes[last].loss_weights + nodes[i].loss_weights) else None
        return None

    def _take(self, step: Step, reader: int) -> bool:
        """Let the step do a layer's work too, where it can."""
        node = self.graph.nodes[reader]
        layer, shape, bare = node.layer, self.graph.shapes[step.top], step.add is None and step.slope == 1
        channels = type(self.graph.nodes[step.node].layer) is Convolution or len(shape) == 2
        if bare and channels and _folds(layer, shape):
            step.folded.append(reader)
        elif bare and type(layer) is Eltwise and layer.is_plain_sum and len(layer.message.bottom) == 2:
            return self._add(step, reader)
        elif step.slope == 1 and type(layer) is ReLU and not layer.bounded:
            step.slope = layer.slope
        else:
            return passes_on(layer)
        return True

    def _add(self, step: Step, reader: int) -> bool:
        """Add the other bottom of a sum, if it has its values before the step runs."""
        other = next((b for b in self.graph.nodes[reader].bottoms if b != step.top), step.top)
        if self.roots[other] == self.roots[step.top] or any(i >= step.node for i in self._writers(other, reader)):
            return False
        step.add = other
        return True

    def _writers(self, blob: int, before: int) -> Iterator[int]:
        """The layers that write to a blob's memory."""
        for i, node in enumerate(self.graph.nodes[:before]):
            if any(self.roots[top] == self.roots[blob] for top in node.tops) and not node.layer.data_views():
                yield i


def _multiplies(node: Node) -> bool:
    layer = node.layer
    if len(node.bottoms) != 1 or any(node.loss_weights):
        return False
    if type(layer) is Convolution:
        return layer.axis == 1 and not layer.is_lopsided
    return type(layer) is InnerProduct


def _folds(layer: Layer, shape: tuple[int, ...]) -> bool:
    """Whether a layer is a factor and a constant for each channel, which is axis 1."""
    if type(layer) is BatchNorm:
        return layer.use_global_stats and len(shape) > 1
    return (type(layer) is Scale or type(layer) is Bias) and layer.is_per_channel(shape)


def _place_in_concats(graph: Graph, steps: list[Step], kept: Collection[int]) -> None:
    """Let convolutions write to their channels of a Concat's top."""
    makers = {step.top: step for step in steps if type(graph.nodes[step.node].layer) is Convolution and step.top not in kept}
    for i, node in enumerate(graph.nodes):
        if type(node.layer) is not Concat or len(node.bottoms) < 2 or node.layer.axis_of(len(graph.shapes[node.tops[0]])) != 1:
            continue
        channel = 0
        for bottom in node.bottoms:
            step = makers.get(bottom)
            if step is not None and _only_reader(graph, step) == i:
                step.into = node.tops[0], channel
            channel += graph.shapes[bottom][1]


def _only_reader(graph: Graph, step: Step) -> int | None:
    """The layer that reads a step's top, if it is the first and the last one."""
    readers = [i for i, node in enumerate(graph.nodes) if step.top in node.bottoms and i > step.nodes[-1]]
    return readers[0] if len(readers) == 1 else None
