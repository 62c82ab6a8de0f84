"""Pictures of nets: SVG, PNG and other formats without Graphviz, and Graphviz's own text. Caffe: python/caffe/draw.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .graph import Graph, graph_of
from .labels import choose_color_by_layertype, get_edge_label, get_layer_label, get_layer_lr_mult, get_pooling_types_dict

__all__ = [
    "choose_color_by_layertype",
    "draw_net",
    "draw_net_to_file",
    "get_edge_label",
    "get_layer_label",
    "get_layer_lr_mult",
    "get_pooling_types_dict",
    "get_pydot_graph",
]


def get_pydot_graph(caffe_net: Any, rankdir: str, label_edges: bool = True, phase: int | None = None, display_lrm: bool = False) -> Graph:
    """The graph of a NetParameter of any age, with what pydot's graphs have: create(format), write(path), to_string().

    rankdir: TB, BT, LR or RL, where the net flows. label_edges: say the numbers of outputs. phase: caffe.TRAIN or caffe.TEST, None for all
    layers. display_lrm: say the layers' lr_mult.
    """
    return graph_of(caffe_net, rankdir, label_edges=label_edges, phase=phase, display_lrm=display_lrm)


def draw_net(caffe_net: Any, rankdir: str, ext: str = "png", phase: int | None = None, display_lrm: bool = False) -> bytes:
    """The picture of a NetParameter as the bytes of a file. ext: svg, png, dot, or another format that Pillow writes."""
    return get_pydot_graph(caffe_net, rankdir, phase=phase, display_lrm=display_lrm).create(ext)


def draw_net_to_file(
    caffe_net: Any, filename: str | os.PathLike[str], rankdir: str = "LR", phase: int | None = None, display_lrm: bool = False
) -> None:
    """Write the picture of a NetParameter in the format that the file's name asks for."""
    get_pydot_graph(caffe_net, rankdir, phase=phase, display_lrm=display_lrm).write(Path(filename))
