"""Blobs that look at another blob's memory: tops of Split, Flatten, Reshape and their like."""

from __future__ import annotations

from .graph import Graph


def owners(graph: Graph, *, gradients: bool) -> list[int]:
    """For each blob, the blob whose memory it looks at for its data or, with `gradients`, for its diff: itself, if that is its own."""
    found = list(range(len(graph.shapes)))
    for node in graph.nodes:
        pairs = node.layer.diff_views() if gradients else node.layer.data_views()
        for top, bottom in pairs.items():
            if node.tops[top] != node.bottoms[bottom]:
                found[node.tops[top]] = found[node.bottoms[bottom]]
    return found
