"""Gradients that are left as products: the weights of InnerProduct, which are large, can be updated by what their gradient is made of."""

from __future__ import annotations

from collections import Counter

from ..layers.inner_product import InnerProduct
from .graph import Graph


def plan(graph: Graph) -> dict[int, int]:
    """Learned blob -> the InnerProduct whose weights it is, if no other layer reads it, it is not transposed and its gradient is wanted."""
    readers = Counter(index for node in graph.nodes for index in node.learned)
    return {
        node.learned[0]: i
        for i, node in enumerate(graph.nodes)
        if type(node.layer) is InnerProduct
        and not node.layer.transpose
        and node.need_backward
        and node.layer.param_propagate_down[0]
        and readers[node.learned[0]] == 1
    }
