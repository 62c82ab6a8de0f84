"""Blobs that take turns: where no gradient is wanted, blobs that are not needed at the same time share their memory.

A blob is needed from the step that writes it to the last one that reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import prod

from ..ops.lives import Life, groups
from .fusion import Step, roots_of
from .graph import Graph

OPAQUE = ("Python",)
"""Layers that may keep an array: the code is a user's."""


def plan(graph: Graph, touched: Iterable[Iterable[int]], kept: Collection[int]) -> list[list[int]]:
    """Groups of blobs that can have one memory, each with its largest blob first. touched: what each step reads and writes.

    Blobs that no step reads or writes are in no group and take no memory. What keeps its memory for itself is in none either: `kept`, and
    what layers of OPAQUE see.
    """
    roots = roots_of(graph, kept)
    opaque = [node for node in graph.nodes if node.layer.message.type in OPAQUE]
    apart = {roots[blob] for blob in [*kept, *(blob for node in opaque for blob in [*node.bottoms, *node.tops])]}
    lives: dict[int, Life] = {}
    for number, blobs in enumerate(touched):
        for blob in (roots[b] for b in blobs):
            lives.setdefault(blob, Life(blob, number, number, prod(graph.shapes[blob]))).last = number
    return groups(life for blob, life in lives.items() if blob not in apart)


def blobs_of(graph: Graph, step: Step) -> list[int]:
    """What a step reads and writes."""
    node = graph.nodes[step.node]
    if step.top < 0:
        return [*node.bottoms, *node.tops]
    return [*node.bottoms, step.into[0] if step.into else step.top, *([] if step.add is None else [step.add])]
