"""A graph as SVG."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from .shapes import curves, label_place, octagon
from .text import FONT_SIZE, LINE_HEIGHT

if TYPE_CHECKING:
    from .graph import Graph, Node
    from .layout import Point, Size

STYLE = f"font: {FONT_SIZE}px Helvetica, Arial, sans-serif; text-anchor: middle"
LINE = 'fill="none" stroke="#555" stroke-width="1.2"'
HALO = 'stroke="white" stroke-width="3"'


def text(graph: Graph) -> str:
    """The SVG document."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    places = graph.layout
    size = f'width="{places.width:.0f}" height="{places.height:.0f}" viewBox="0 0 {places.width:.0f} {places.height:.0f}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} style="{STYLE}">'
    yield f"<title>{escape(graph.name)}</title>"
    yield '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    yield '<path d="M0 0 L8 4 L0 8 z" fill="#555"/></marker></defs>'
    yield '<rect width="100%" height="100%" fill="white"/>'
    for route in places.routes:
        yield f'<path d="{_path(route, graph.rankdir)}" {LINE} marker-end="url(#arrow)"/>'
    for edge, route in zip(graph.edges, places.routes, strict=True):
        if edge.label:
            x, y = label_place(route, graph.rankdir)
            for style in (HALO, 'fill="#555"'):
                yield f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="start" {style}>{escape(edge.label)}</text>'
    for node, centre, extent in zip(graph.nodes, places.nodes, places.sizes, strict=True):
        yield from _node(node, centre, extent)
    yield "</svg>"


def _node(node: Node, centre: Point, size: Size) -> Iterator[str]:
    (x, y), (width, height) = centre, size
    yield f"<g><title>{escape(node.name)}</title>"
    if node.is_blob:
        points = " ".join(f"{px:.1f},{py:.1f}" for px, py in octagon(centre, size))
        yield f'<polygon points="{points}" fill="{node.colour}" stroke="#888"/>'
    else:
        place = f'x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}"'
        yield f'<rect {place} rx="3" fill="{node.colour}" stroke="#666"/>'
    for i, line in enumerate(node.lines):
        baseline = y + (i - (len(node.lines) - 1) / 2) * LINE_HEIGHT + FONT_SIZE * 0.35
        weight = ' font-weight="bold"' if i == 0 and not node.is_blob else ""
        yield f'<text x="{x:.1f}" y="{baseline:.1f}"{weight}>{escape(line)}</text>'
    yield "</g>"


def _path(route: list[Point], rankdir: str) -> str:
    start = route[0]
    parts = [f"M{start[0]:.1f} {start[1]:.1f}"]
    for a, b, end in curves(route, rankdir):
        parts.append("C" + ", ".join(f"{x:.1f} {y:.1f}" for x, y in (a, b, end)))
    return " ".join(parts)
