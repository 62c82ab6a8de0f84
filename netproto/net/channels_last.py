"""Weights of a program that lays pictures out as (height, width, channels), brought to a net's layers and order."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from ..blob import Shape
from ..errors import FormatError, Place
from ..formats.weights import Weights
from ..layers.base import TEST
from ..schema import text
from ..schema.places import label, place_of
from .graph import Graph, Node, build, prepare

KINDS = {"Convolution": 4, "InnerProduct": 2}
"""Layer types that find their weights, and how many axes those have."""


def for_net(weights: Weights, message: Any) -> Weights:
    """The weights under the names of a net's layers, the inputs of inner products in Caffe's order.

    weights: kernels (outputs, inputs, height, width) and matrices (outputs, inputs). message: an upgraded NetParameter. A layer takes the
    weights of its own name, if all layers find theirs; else the first convolution of the net the first one of the file, and so on, and
    likewise for inner products. Raises FormatError where numbers or shapes do not agree.
    """
    graph = build(prepare(message, TEST), TEST)
    found = Weights(message=message, net_text=text.dump(message), source=weights.source)
    for node, arrays in _matched(graph, weights):
        order = _flattened_shape(graph, node.bottoms[0]) if node.layer.message.type == "InnerProduct" else None
        if order and prod(order) == arrays[0].shape[1]:
            arrays[0] = _channels_first(arrays[0], order)
        if [array.shape for array in arrays] != node.shapes:
            raise FormatError(
                f"{weights.source} holds {_shapes([a.shape for a in arrays])}, but the layer wants {_shapes(node.shapes)}",
                place=place_of(node.layer.message),
                layer=label(node.layer.message),
            )
        found[node.layer.name] = list(arrays)
    return found


def _matched(graph: Graph, weights: Weights) -> Iterator[tuple[Node, list[np.ndarray]]]:
    learning = [node for node in graph.nodes if node.shapes]
    for node in learning:
        if node.layer.message.type not in KINDS:
            raise FormatError(
                f"a {node.layer.message.type} layer finds no weights in {weights.source}",
                place=place_of(node.layer.message),
                layer=label(node.layer.message),
                hint=f"Only {' and '.join(KINDS)} do",
            )
    arrays = {name: [array for array in values if array is not None] for name, values in weights.items()}
    if {node.layer.name for node in learning} == set(arrays):
        yield from ((node, arrays[node.layer.name]) for node in learning)
        return
    for name, values in arrays.items():
        if values[0].ndim not in KINDS.values():
            what = f"has weights of the shape {values[0].shape} in layer {name!r}: it is no {' and no '.join(KINDS)}"
            raise FormatError(what, place=Place(weights.source))
    for kind, axes in KINDS.items():
        nodes = [node for node in learning if node.layer.message.type == kind]
        given = [values for values in arrays.values() if values[0].ndim == axes]
        if len(nodes) != len(given):
            what = f"holds {len(given)} layers whose weights have {axes} axes, but the net has {len(nodes)} of the type {kind}"
            raise FormatError(what, place=Place(weights.source))
        yield from zip(nodes, given, strict=True)


def _flattened_shape(graph: Graph, blob: int) -> Shape | None:
    """(channels, height, width) of the picture that was flattened into this blob, however many layers ago; None if it was none."""
    shape = graph.shapes[blob]
    while len(shape) < 4:
        maker = next((node for node in graph.nodes if blob in node.tops), None)
        if maker is None or maker.shapes or len(maker.bottoms) != 1 or prod(graph.shapes[maker.bottoms[0]]) != prod(shape):
            return None
        blob = maker.bottoms[0]
        shape = graph.shapes[blob]
    return shape[1:] if len(shape) == 4 else None


def _channels_first(matrix: np.ndarray, order: Shape) -> np.ndarray:
    """The columns of (outputs, height * width * channels) in the order channels, height, width."""
    channels, height, width = order
    return np.ascontiguousarray(matrix.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)).reshape(len(matrix), -1)


def _shapes(shapes: list[Shape]) -> str:
    return " and ".join("x".join(map(str, shape)) for shape in shapes) or "nothing"
