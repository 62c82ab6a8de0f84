"""What stands in the nodes and on the edges of a net's picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...schema import messages

LEARNING = ("Convolution", "Deconvolution", "InnerProduct")
SPATIAL = {"Convolution": "convolution_param", "Deconvolution": "convolution_param", "Pooling": "pooling_param"}
SIDES = {"kernel_size": "kernel", "stride": "stride", "pad": "pad"}
"""A window's setting -> the beginning of the names of its settings for one axis: kernel_h, kernel_w."""
DEFAULTS = {"kernel_size": 1, "stride": 1, "pad": 0}
COLOURS = {"Convolution": "#f4a6a0", "Deconvolution": "#f4a6a0", "Pooling": "#f8cf8d", "InnerProduct": "#d9b3ec"}
OTHER = "#a9c8f0"


def get_pooling_types_dict() -> dict[int, str]:
    """The number of a pooling method -> its name."""
    return {value.number: value.name for value in messages.PoolingParameter.PoolMethod.DESCRIPTOR.values}


def get_edge_label(layer: Any) -> str:
    """How many outputs a layer makes, or records a batch has; '\"\"' where neither is known."""
    if layer.type == "Data":
        return f"Batch {layer.data_param.batch_size}"
    if layer.type in ("Convolution", "Deconvolution"):
        return str(layer.convolution_param.num_output)
    if layer.type == "InnerProduct":
        return str(layer.inner_product_param.num_output)
    return '""'


def get_layer_lr_mult(layer: Any) -> tuple[float, float]:
    """(lr_mult of the weights, of the biases) of a layer that has both. Raises ValueError for other layers."""
    if layer.type not in LEARNING or len(layer.param) > 2:
        raise ValueError(f"a layer of the type {layer.type} with {len(layer.param)} params has no lr_mult of weights and biases")
    weights, biases = [*(param.lr_mult for param in layer.param), 1.0, 1.0][:2]
    return weights, biases


def get_layer_label(layer: Any, rankdir: str, display_lrm: bool = False) -> str:
    """The text of a layer's node as Graphviz wants it: in quotes, parts separated by spaces if the net flows up or down, else by lines."""
    separator = " " if rankdir in ("TB", "BT") else r"\n"
    return '"' + separator.join(layer_lines(layer, display_lrm)) + '"'


def layer_lines(layer: Any, display_lrm: bool) -> Iterator[str]:
    """The lines of a layer's node: name, type, window, rates."""
    yield layer.name
    yield f"({layer.type} {messages.enum_name(layer.pooling_param, 'pool')})" if layer.type == "Pooling" else f"({layer.type})"
    if layer.type in SPATIAL:
        param = getattr(layer, SPATIAL[layer.type])
        for name in SIDES:
            yield f"{name.replace('_', ' ')}: {_extent(param, name)}"
    if display_lrm and layer.type in LEARNING and len(layer.param) <= 2:
        weights, biases = get_layer_lr_mult(layer)
        if weights or biases:
            yield f"lr mult: {weights:.1f}, {biases:.1f}"


def _extent(param: Any, name: str) -> str:
    """The size of a window along its axes: 3, or 3 x 5 where they differ."""
    if getattr(param, "global_pooling", False) and name == "kernel_size":
        return "all"
    by_side = [getattr(param, f"{SIDES[name]}_{side}") for side in "hw"]
    if any(by_side):
        sizes = by_side
    else:
        written = getattr(param, name)
        sizes = [written] if isinstance(written, int) else list(written) or [DEFAULTS[name]]
    return " x ".join(str(size) for size in (sizes[:1] if len(set(sizes)) == 1 else sizes))


def choose_color_by_layertype(layertype: str) -> str:
    """The fill colour of a layer's node, as #rrggbb."""
    return COLOURS.get(layertype, OTHER)
