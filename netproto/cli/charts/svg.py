"""A chart as SVG."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .chart import INK, Box, Chart, Dot, Line, Mark, Point, Text

STYLE = f"font-family: Helvetica, Arial, sans-serif; fill: {INK}"


def text(chart: Chart) -> str:
    """The SVG document."""
    width, height = chart.size
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" style="{STYLE}">'
    return "\n".join([head, f"<title>{escape(chart.title)}</title>", *_lines(chart), "</svg>", ""])


def _lines(chart: Chart) -> Iterator[str]:
    for mark in chart.marks():
        yield _element(mark)


def _element(mark: Mark) -> str:
    if isinstance(mark, Line):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in mark.points)
        dash = f' stroke-dasharray="{" ".join(f"{d:g}" for d in mark.dash)}"' if mark.dash else ""
        look = f'fill="none" stroke="{mark.colour}" stroke-width="{mark.width:g}" stroke-linejoin="round"{dash}'
        return f'<polyline points="{points}" {look}/>'
    if isinstance(mark, Box):
        (x, y), (right, bottom) = mark.low, mark.high
        return f'<rect x="{x:g}" y="{y:g}" width="{right - x:g}" height="{bottom - y:g}" fill="{mark.colour}"/>'
    if isinstance(mark, Dot):
        return f'<circle cx="{mark.centre[0]:.1f}" cy="{mark.centre[1]:.1f}" r="{mark.radius:g}" fill="{mark.colour}"/>'
    return f'<text {_place(mark.place, mark)} font-size="{mark.size}" text-anchor="{mark.anchor}">{escape(mark.text)}</text>'


def _place(at: Point, mark: Text) -> str:
    place = f'x="{at[0]:.1f}" y="{at[1]:.1f}"'
    return f'{place} transform="rotate(-90 {at[0]:.1f} {at[1]:.1f})"' if mark.turned else place
