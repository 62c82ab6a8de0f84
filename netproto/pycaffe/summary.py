"""A net as a table, for notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from math import prod

from ..net.graph import AUTOMATIC, Node
from ..net.net import Net
from .blob import dimensions

HEAD = ("layer", "type", "bottoms", "tops", "learned blobs")


def as_html(net: Net) -> str:
    """One row a layer: name, type, what it reads, what it gives with shapes, and the shapes of what it learns."""
    head = "".join(f"<th>{title}</th>" for title in HEAD)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(net, node)) + "</tr>" for node in net.graph.nodes)
    return f"<p>{escape(_title(net))}</p><table><tr>{head}</tr>{rows}</table>"


def _title(net: Net) -> str:
    count = sum(prod(param.shape) for param in net.graph.learned)
    return f"{net.name or 'Net'}, phase {('TRAIN', 'TEST')[net.phase]}: {len(net.layers)} layers, {count:,} learned numbers"


def _cells(net: Net, node: Node) -> Iterator[str]:
    message = node.layer.message
    yield message.name
    yield message.type
    yield ", ".join(net.bottom_names(node))
    yield ", ".join(f"{net.graph.blob_names[t]} {dimensions(net.blob(t).shape)}" for t in node.tops if net.graph.blob_names[t] != AUTOMATIC)
    yield ", ".join(dimensions(blob.shape) for blob in node.layer.blobs)
