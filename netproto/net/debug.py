"""What debug_info prints: the mean absolute value of each blob as it is made. Caffe: ForwardDebugInfo and its like in src/caffe/net.cpp."""

from __future__ import annotations

import logging
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .net import Net

log = logging.getLogger(__name__)


def forward(net: Net, i: int) -> None:
    """The tops and learned blobs of layer i after its forward pass."""
    node, layer = net.graph.nodes[i], net.layers[i]
    for t in node.tops:
        log.info("    [Forward] Layer %s, top blob %s data: %g", layer.name, net.graph.blob_names[t], net.ops.mean_abs(net.blob(t).data))
    for name, blob in zip(_param_names(net, i), layer.blobs, strict=True):
        log.info("    [Forward] Layer %s, param blob %s data: %g", layer.name, name, net.ops.mean_abs(blob.data))


def backward(net: Net, i: int) -> None:
    """The gradients that layer i gave."""
    node, layer = net.graph.nodes[i], net.layers[i]
    for b, wanted in zip(node.bottoms, node.propagate_down, strict=True):
        if wanted:
            size = net.ops.mean_abs(net.blob(b).diff)
            log.info("    [Backward] Layer %s, bottom blob %s diff: %g", layer.name, net.graph.blob_names[b], size)
    for name, blob, wanted in zip(_param_names(net, i), layer.blobs, layer.param_propagate_down, strict=True):
        if wanted:
            log.info("    [Backward] Layer %s, param blob %s diff: %g", layer.name, name, net.ops.mean_abs(blob.diff))


def all_params(net: Net) -> None:
    """The norms of everything learned, after a whole backward pass."""
    blobs = [p.blob for p in net.learnable]
    l1 = [sum(net.ops.mean_abs(a) * b.count for a, b in zip(arrays, blobs, strict=True)) for arrays in _data_and_diff(blobs)]
    l2 = [sqrt(sum(float(net.ops.dot(a, a)) for a in arrays)) for arrays in _data_and_diff(blobs)]
    log.info("    [Backward] All net params (data, diff): L1 norm = (%g, %g); L2 norm = (%g, %g)", *l1, *l2)


def _data_and_diff(blobs: list) -> tuple[list, list]:
    return [b.data for b in blobs], [b.diff for b in blobs]


def _param_names(net: Net, i: int) -> list[str]:
    """The name each learned blob was given in the file, else its index."""
    return [net.graph.learned[index].name or str(j) for j, index in enumerate(net.graph.nodes[i].learned)]
