"""A graph as a picture of pixels."""

from __future__ import annotations

from math import atan2, cos, sin, sqrt
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from .shapes import label_place, octagon, samples
from .text import FONT_SIZE, LINE_HEIGHT, font

if TYPE_CHECKING:
    from .graph import Graph
    from .layout import Point

MOST_PIXELS, MOST_SIDE = 60e6, 60_000
"""Larger pictures are drawn smaller."""
FINE, FINE_PIXELS = 2, 20e6
"""Pictures are drawn so many times larger, and then made smaller, up to a size."""
LINE, FRAME, INK = "#555555", "#777777", "#000000"
ARROW = 7.0


def formats() -> dict[str, str]:
    """The suffix of a file without its dot -> Pillow's name of the format, for those that Pillow can write."""
    Image.init()
    return {suffix.removeprefix("."): kind for suffix, kind in Image.registered_extensions().items() if kind in Image.SAVE}


def picture(graph: Graph) -> Image.Image:
    """The graph in colours on white."""
    places = graph.layout
    area = max(places.width * places.height, 1.0)
    scale = min(1.0, sqrt(MOST_PIXELS / area), MOST_SIDE / max(places.width, places.height))
    fine = FINE if area * scale**2 * FINE**2 <= FINE_PIXELS else 1
    size = max(1, round(places.width * scale)), max(1, round(places.height * scale))
    drawn = _Canvas(graph, (size[0] * fine, size[1] * fine), scale * fine).draw()
    return drawn if fine == 1 else drawn.resize(size, Image.Resampling.BOX)


class _Canvas:
    """Draws a graph, all lengths times `scale`."""

    def __init__(self, graph: Graph, size: tuple[int, int], scale: float):
        self.graph, self.scale = graph, scale
        self.image = Image.new("RGB", size, "white")
        self.pen = ImageDraw.Draw(self.image)
        self.font = font(max(1.0, FONT_SIZE * scale))
        self.line_width = max(1, round(1.2 * scale))

    def draw(self) -> Image.Image:
        places = self.graph.layout
        for route in places.routes:
            self._edge(route)
        for edge, route in zip(self.graph.edges, places.routes, strict=True):
            if edge.label:
                self._text(label_place(route, self.graph.rankdir), edge.label, LINE, "ls", halo=max(1, round(self.scale)))
        for node, centre, size in zip(self.graph.nodes, places.nodes, places.sizes, strict=True):
            (x, y), (width, height) = centre, size
            if node.is_blob:
                self.pen.polygon(self._scaled(octagon(centre, size)), fill=node.colour, outline=FRAME, width=self.line_width)
            else:
                corners = self._scaled([(x - width / 2, y - height / 2), (x + width / 2, y + height / 2)])
                box = [(round(across), round(down)) for across, down in corners]  # Pillow 10.1 loses its sides to rounding else
                self.pen.rounded_rectangle(box, 3 * self.scale, fill=node.colour, outline=FRAME, width=self.line_width)
            for i, line in enumerate(node.lines):
                self._text((x, y + (i - (len(node.lines) - 1) / 2) * LINE_HEIGHT), line, INK, "mm")
        return self.image

    def _edge(self, route: list[Point]) -> None:
        points = samples(route, self.graph.rankdir)
        self.pen.line(self._scaled(points), fill=LINE, width=self.line_width, joint="curve")
        tip, before = points[-1], points[-2]
        heading = atan2(tip[1] - before[1], tip[0] - before[0])
        sides = [(tip[0] - ARROW * cos(heading + turn), tip[1] - ARROW * sin(heading + turn)) for turn in (-0.45, 0.45)]
        self.pen.polygon(self._scaled([tip, *sides]), fill=LINE)

    def _text(self, place: Point, text: str, colour: str, anchor: str, halo: int = 0) -> None:
        self.pen.text(self._scaled([place])[0], text, colour, self.font, anchor, stroke_width=halo, stroke_fill="white")

    def _scaled(self, points: list[Point]) -> list[Point]:
        return [(x * self.scale, y * self.scale) for x, y in points]
