"""A graph as Graphviz's text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .graph import Graph


def text(graph: Graph) -> str:
    """The graph in the DOT language."""
    lines = [f"digraph {_quoted(graph.name)} {{", f"rankdir={graph.rankdir};"]
    for i, node in enumerate(graph.nodes):
        shape = "octagon" if node.is_blob else "box"
        lines.append(f'n{i} [label={_quoted(*node.lines)}, shape={shape}, style=filled, fillcolor="{node.colour}"];')
    for edge in graph.edges:
        label = f" [label={_quoted(edge.label)}]" if edge.label else ""
        lines.append(f"n{edge.source} -> n{edge.target}{label};")
    return "\n".join([*lines, "}", ""])


def _quoted(*lines: str) -> str:
    """Lines of text in quotes."""
    return '"' + r"\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines) + '"'
