"""Gradients that take turns: in training, blobs whose diffs are not needed at the same time share their memory.

The diff of a blob is needed from the backward pass of its last reader to that of the layer that made it. Then it is lost: this is for nets
that nobody looks into.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from ..ops.lives import Life, groups
from .graph import Graph, Node
from .views import owners

OPAQUE = ("HDF5Output", "Python")
"""Layers that may leave a wanted gradient as it is, or keep an array: one has nothing to give, the other's code is a user's."""


def plan(graph: Graph, kept: Iterable[int] = ()) -> list[list[int]]:
    """Groups of blobs that can have one memory for their diffs, each with its largest blob first.

    A blob that looks at another's diff goes with it and is not named. What keeps its memory is in no group: diffs that hold a loss_weight,
    that are read where no layer writes them, that belong to a learned blob, that layers of OPAQUE see, and those of `kept`.
    """
    return groups(_lives(graph, kept))


def _lives(graph: Graph, asked: Iterable[int]) -> list[Life]:
    root = owners(graph, gradients=True)
    kept = {root[blob] for blob in [*asked, *(blob for node in graph.nodes for blob in _kept_apart(node))]}
    lives: dict[int, Life] = {}
    for step, node in enumerate(reversed(graph.nodes)):
        if not node.need_backward:
            continue
        for top in node.tops:
            if root[top] in lives:
                lives[root[top]].last = step
            else:
                kept.add(root[top])
        for bottom, wanted in zip(node.bottoms, node.propagate_down, strict=True):
            if wanted:
                blob = root[bottom]
                lives.setdefault(blob, Life(blob, step, step, prod(graph.shapes[blob]))).last = step
    return [life for blob, life in lives.items() if blob not in kept]


def _kept_apart(node: Node) -> list[int]:
    """The blobs of a node whose diffs are not the backward pass's alone."""
    if node.layer.message.type in OPAQUE:
        return [*node.bottoms, *node.tops]
    if not node.bottoms:
        return node.tops
    return [top for top, weight in zip(node.tops, node.loss_weights, strict=True) if weight]
