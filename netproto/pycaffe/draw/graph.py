"""A net as nodes and edges: its layers, and the blobs between them.

A layer that works in place stands between the layer that made its blob and the blob itself; so the graph flows one way.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...errors import FormatError, Place, did_you_mean
from ...formats import files
from ...schema import upgrade
from . import dot, raster, svg
from .labels import choose_color_by_layertype, get_edge_label, layer_lines
from .layout import Layout, layout
from .text import block_size

NEURON, BLOB = "#b5e3b0", "#e6e6e6"
TEXT_FORMATS = ("dot", "gv", "raw")
RANKDIRS = ("TB", "BT", "LR", "RL")


@dataclass
class Node:
    """A layer (a box) or a blob (an octagon)."""

    name: str
    lines: list[str]
    colour: str
    is_blob: bool = False


@dataclass
class Edge:
    """From one node to another, by number."""

    source: int
    target: int
    label: str = ""


@dataclass
class Graph:
    """The graph of a net, which can be drawn. rankdir: TB, BT, LR or RL."""

    name: str
    rankdir: str
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    @cached_property
    def layout(self) -> Layout:
        """Where everything is."""
        sizes = [block_size(node.lines) for node in self.nodes]
        return layout(sizes, [(edge.source, edge.target) for edge in self.edges], self.rankdir)

    def to_string(self) -> str:
        """Graphviz's text."""
        return dot.text(self)

    def create(self, format: str = "png") -> bytes:  # noqa: A002 - pydot's name
        """The bytes of a file: svg, png or another format of Pillow's, or Graphviz's text as dot, gv or raw. Raises FormatError."""
        kind = format.lower()
        if kind == "svg":
            return svg.text(self).encode()
        if kind in TEXT_FORMATS:
            return self.to_string().encode()
        known = raster.formats()
        if kind not in known:
            hint = did_you_mean(kind, {"svg", *TEXT_FORMATS, *known}) or "Use svg or png"
            raise FormatError(f"a net cannot be drawn as {format!r}", hint=hint)
        content = io.BytesIO()
        raster.picture(self).save(content, known[kind])
        return content.getvalue()

    def write(self, path: str | os.PathLike[str], format: str | None = None) -> bool:  # noqa: A002 - pydot's name
        """Write a file, in the format of its name's suffix if none is given; whole or not at all."""
        kind = format or os.path.splitext(path)[1].removeprefix(".")
        if not kind:
            raise FormatError("the name has no suffix that says how to draw the net", place=Place(os.fspath(path)), hint="Use .svg or .png")
        content = self.create(kind)
        with files.writing(path) as file:
            file.write(content)
        return True

    def _repr_svg_(self) -> str:
        return svg.text(self)


def graph_of(net: Any, rankdir: str, *, label_edges: bool, phase: int | None, display_lrm: bool) -> Graph:
    """The graph of a NetParameter. Raises FormatError for a direction that there is not."""
    if rankdir not in RANKDIRS:
        raise FormatError(f"rankdir {rankdir!r} is no direction", hint=f"Use one of {', '.join(RANKDIRS)}")
    net = upgrade.net(net)
    graph = Graph(net.name or "Net", rankdir)
    builder = _Builder(graph)
    for layer in net.layer:
        if phase is None or _in_phase(layer, phase):
            label = get_edge_label(layer).strip('"') if label_edges else ""
            builder.add(layer, list(layer_lines(layer, display_lrm)), label)
    builder.finish()
    return graph


def _in_phase(layer: Any, phase: int) -> bool:
    """Whether a layer can be part of the net in a phase, whatever its level and stages."""
    if layer.include:
        return any(not rule.HasField("phase") or rule.phase == phase for rule in layer.include)
    return not any(rule.HasField("phase") and rule.phase == phase for rule in layer.exclude)


@dataclass
class _Blob:
    """A blob between the layers that make it (several, if they are of different phases) and those that read it."""

    name: str
    makers: list[tuple[int, str]] = field(default_factory=list)
    readers: list[int] = field(default_factory=list)
    only_in_place: bool = True


class _Builder:
    """Adds layers to a graph one after the other, then the blobs."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.latest: dict[str, _Blob] = {}
        self.blobs: list[_Blob] = []

    def add(self, layer: Any, lines: list[str], label: str) -> None:
        in_place = set(layer.top) & set(layer.bottom)
        colour = NEURON if in_place else choose_color_by_layertype(layer.type)
        self.graph.nodes.append(Node(f"{layer.name}_{layer.type}", lines, colour))
        number = len(self.graph.nodes) - 1
        for name in dict.fromkeys(layer.bottom):
            blob = self.latest.get(name) or self._new(name)
            blob.readers.append(number)
            blob.only_in_place &= name in in_place
        for name in layer.top:
            blob = self._new(name) if name in in_place or name not in self.latest else self.latest[name]
            blob.makers.append((number, label))

    def _new(self, name: str) -> _Blob:
        blob = self.latest[name] = _Blob(name)
        self.blobs.append(blob)
        return blob

    def finish(self) -> None:
        """Draw each blob, or only a line where an in-place layer is all that reads it."""
        graph = self.graph
        for blob in self.blobs:
            if blob.makers and len(blob.readers) == 1 and blob.only_in_place:
                graph.edges += [Edge(maker, blob.readers[0], label) for maker, label in blob.makers]
                continue
            graph.nodes.append(Node(f"{blob.name}_blob", [blob.name], BLOB, is_blob=True))
            number = len(graph.nodes) - 1
            graph.edges += [Edge(maker, number, label) for maker, label in blob.makers]
            graph.edges += [Edge(number, reader) for reader in blob.readers]
