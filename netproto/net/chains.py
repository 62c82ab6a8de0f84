"""Layers of a training net that work in place one after the other, and run as one where nobody looks in between. Numbers only, no arrays.

A BatchNorm by the batch's own statistics takes along the Scale and the ReLU behind it, a sum the ReLU, a product the ReLU's forward pass.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..layers.base import Layer
from ..layers.batch_norm import BatchNorm
from ..layers.convolution import Convolution
from ..layers.eltwise import Eltwise
from ..layers.inner_product import InnerProduct
from ..layers.relu import ReLU
from ..layers.scale import Scale
from ..layers.split import Split
from .graph import Graph


@dataclass(frozen=True)
class Chain:
    """The numbers of layers: the first one, and those that it takes along, where they are there."""

    first: int
    scale: int | None = None
    relu: int | None = None

    @property
    def along(self) -> list[int]:
        return [i for i in (self.scale, self.relu) if i is not None]


def chains_of(graph: Graph) -> list[Chain]:
    """The chains of a graph, in order."""
    found = []
    for i, node in enumerate(graph.nodes):
        layer, blob = node.layer, node.tops[0] if len(node.tops) == 1 else -1
        if any(node.loss_weights) or not (_normalises(layer) or _adds(layer)):
            continue
        scale = relu = None
        follower = _next_in_place(graph, i, blob)
        if follower is not None and _normalises(layer) and _scales(graph.nodes[follower].layer, graph.shapes[blob]):
            scale = follower
            follower = _next_in_place(graph, follower, blob)
        if follower is not None and _cuts_off(graph.nodes[follower].layer):
            relu = follower
        if scale is not None or relu is not None:
            found.append(Chain(i, scale, relu))
    return found


def gathering(graph: Graph, chains: Collection[Chain]) -> dict[int, int]:
    """A sum that takes its ReLU along -> the Split of two right behind them, whose gradients are added up on the way."""
    found = {}
    for chain in chains:
        split = max(chain.first, *chain.along) + 1
        if split < len(graph.nodes) and _adds(graph.nodes[chain.first].layer):
            node = graph.nodes[split]
            if type(node.layer) is Split and len(node.tops) == 2 and node.bottoms == graph.nodes[chain.first].tops:
                found[chain.first] = split
    return found


def rectified_products(graph: Graph) -> dict[int, int]:
    """Convolution or InnerProduct -> the ReLU that follows it in place."""
    found = {}
    for i, node in enumerate(graph.nodes):
        if type(node.layer) not in (Convolution, InnerProduct) or len(node.tops) != 1 or any(node.loss_weights):
            continue
        follower = _next_in_place(graph, i, node.tops[0])
        if follower is not None and _cuts_off(graph.nodes[follower].layer):
            found[i] = follower
    return found


def set_apart(graph: Graph) -> dict[int, int]:
    """BatchNorm that works in place -> the layer that makes its bottom, which can write to memory of BatchNorm's instead of the blob.

    What BatchNorm keeps of the bottom need not be copied then.
    """
    found = {}
    for i, node in enumerate(graph.nodes):
        if _normalises(node.layer) and node.tops == node.bottoms:
            touching = [j for j in range(i) if node.tops[0] in [*graph.nodes[j].bottoms, *graph.nodes[j].tops]]
            maker = graph.nodes[touching[-1]]
            if node.tops[0] in maker.tops and maker.bottoms and _writes_all(maker.layer) and node.tops[0] not in maker.bottoms:
                found[i] = touching[-1]
    return found


def unused_copies(chains: Collection[Chain], apart: Collection[int]) -> set[int]:
    """The layers that need not keep a copy of their bottom, though they work in place."""
    return {chain.scale for chain in chains if chain.scale is not None} | set(apart)


def _next_in_place(graph: Graph, i: int, blob: int) -> int | None:
    """The next layer that has anything to do with a blob, if it has nothing else and changes it in place."""
    for j in range(i + 1, len(graph.nodes)):
        node = graph.nodes[j]
        if blob in [*node.bottoms, *node.tops]:
            return j if node.bottoms == node.tops == [blob] and not any(node.loss_weights) else None
    return None


def _normalises(layer: Layer) -> bool:
    return type(layer) is BatchNorm and layer.goes_through


def _adds(layer: Layer) -> bool:
    return type(layer) is Eltwise and layer.is_plain_sum


def _scales(layer: Layer, shape: tuple[int, ...]) -> bool:
    return type(layer) is Scale and layer.is_per_channel(shape)


def _cuts_off(layer: Layer) -> bool:
    return type(layer) is ReLU and not layer.bounded and layer.slope >= 0


def _writes_all(layer: Layer) -> bool:
    return not layer.data_views() and not layer.diff_views()
