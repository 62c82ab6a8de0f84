"""A trainable net as plain JSON, for peers that know no prototxt: one entry a layer, with what its type needs."""

from __future__ import annotations

from typing import Any

from netproto.layers.base import Layer
from netproto.net.graph import Graph
from netproto.schema import messages


def gflop(graph: Graph, *, training: bool) -> float:
    """Billions of floating-point operations that a picture takes: two for each multiply-add of convolutions, done directly, and products.

    In training backward takes as many for the gradient of the weights, and as many again for that of the bottom, where they are wanted.
    """
    total = 0
    for node in graph.nodes:
        passes = 1 + training * (any(node.layer.param_propagate_down) + any(node.propagate_down))
        total += 2 * passes * node.layer.macs([graph.shapes[b] for b in node.bottoms], [graph.shapes[t] for t in node.tops])
    return total / graph.shapes[graph.inputs[0]][0] / 1e9


def layers(graph: Graph) -> list[dict[str, Any]]:
    """The layers of a graph in order; Split is left out, since a peer's values can be read twice."""
    entries: list[dict[str, Any]] = []
    alias: dict[str, str] = {}
    for node in graph.nodes:
        bottoms = [alias.get(graph.blob_names[b], graph.blob_names[b]) for b in node.bottoms]
        tops = [graph.blob_names[t] for t in node.tops]
        if node.layer.message.type == "Split":
            alias |= dict.fromkeys(tops, bottoms[0])
            continue
        if node.layer.message.type == "Input":
            shapes = {top: list(graph.shapes[t]) for top, t in zip(tops, node.tops, strict=True)}
            entries.append({"type": "Input", "name": node.layer.name, "bottoms": [], "tops": tops, "shapes": shapes})
            continue
        options = OPTIONS.get(node.layer.message.type, lambda layer: {})(node.layer)
        options["weight"] = node.loss_weights[0] if node.loss_weights else 0.0
        options["params"] = [list(shape) for shape in node.shapes]
        entries.append({"type": node.layer.message.type, "name": node.layer.name, "bottoms": bottoms, "tops": tops, **options})
    return entries


def _convolution(layer: Layer) -> dict[str, Any]:
    p = layer.message.convolution_param
    return {"stride": _pair(p, "stride", 1), "pad": _pair(p, "pad", 0), "dilation": list(p.dilation) or [1], "group": p.group}


def _pooling(layer: Layer) -> dict[str, Any]:
    p = layer.message.pooling_param
    return {
        "pool": messages.enum_name(p, "pool"),
        "global": p.global_pooling,
        "kernel": p.kernel_size,
        "stride": p.stride,
        "pad": p.pad,
    }


def _lrn(layer: Layer) -> dict[str, Any]:
    p = layer.message.lrn_param
    return {"size": p.local_size, "alpha": p.alpha, "beta": p.beta, "k": p.k, "region": messages.enum_name(p, "norm_region")}


def _pair(message: Any, field: str, default: int) -> list[int]:
    if message.HasField(f"{field}_h"):
        return [getattr(message, f"{field}_h"), getattr(message, f"{field}_w")]
    return list(getattr(message, field)) or [default]


OPTIONS = {
    "Convolution": _convolution,
    "Pooling": _pooling,
    "LRN": _lrn,
    "Dropout": lambda layer: {"ratio": layer.message.dropout_param.dropout_ratio},
    "BatchNorm": lambda layer: {"eps": layer.message.batch_norm_param.eps},
    "Scale": lambda layer: {"bias": layer.message.scale_param.bias_term},
    "Eltwise": lambda layer: {"operation": messages.enum_name(layer.message.eltwise_param, "operation")},
}
