"""What a chart shows, and where everything in it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from math import floor, isfinite
from typing import Any

from PIL import ImageFont

from .axis import Axis, fitted

Point = tuple[float, float]
Dash = tuple[float, ...]

COLOURS = ("#1f6fb4", "#d9541e", "#2a9148", "#8a4fbf", "#c2304a", "#0f9aa6", "#a67c00", "#666666", "#d05fae", "#17407a")
DASHES: tuple[Dash, ...] = ((), (7.0, 4.0), (2.0, 3.0), (11.0, 3.0, 2.0, 3.0))
WHITE, INK, GRID, FRAME = "#ffffff", "#333333", "#e4e4e4", "#999999"
LARGE, SMALL = 15, 12
WIDTH, PANEL = 900, 300
LEFT, RIGHT, TOP, GAP, BOTTOM = 86, 26, 46, 44, 62
LEGEND_LINE, LEGEND_MARK = 18, 26
TICKS_ACROSS, TICKS_UP = 8, 6
MOST_IN_COLUMN = 4


@dataclass
class Series:
    """A line through points, in order; not finite ones are left out.

    group: where there are several groups, each has a colour of its own, and its series differ by their dashes; else each series has one.
    dots: mark each point, too. faint: the background of another series of the same look, without an entry in the legend.
    """

    name: str
    points: list[Point]
    group: str = ""
    dots: bool = False
    faint: bool = False


@dataclass
class Panel:
    """One of a chart's diagrams. log: its vertical axis shows orders of magnitude; values of 0 and less are left out."""

    label: str
    series: list[Series]
    log: bool = False

    def shown(self) -> list[list[Point]]:
        """The points that can be drawn, by series."""
        return [[p for p in s.points if isfinite(p[0]) and isfinite(p[1]) and (p[1] > 0 or not self.log)] for s in self.series]

    def legend(self) -> list[tuple[Series, int, float]]:
        """(series, line, place in it) of each entry."""
        places, line, across = [], 0, 0.0
        for series in self.series:
            if series.faint:
                continue
            wide = LEGEND_MARK + 6 + _text_width(series.name) + 20
            if across and across + wide > WIDTH - LEFT - RIGHT:
                line, across = line + 1, 0.0
            places.append((series, line, across))
            across += wide
        return places

    @property
    def legend_height(self) -> int:
        return LEGEND_LINE * (1 + max((line for _, line, _ in self.legend()), default=-1))


@dataclass
class Chart:
    """Panels above each other. across: what the horizontal axis says."""

    title: str
    across: str
    panels: list[Panel] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of its picture."""
        return WIDTH, sum(PANEL + panel.legend_height + GAP for panel in self.panels) - GAP + TOP + BOTTOM

    def marks(self) -> Iterator[Mark]:
        """Everything that is drawn, from back to front."""
        width, height = self.size
        yield Box((0.0, 0.0), (width, height), WHITE)
        yield Text((width / 2, TOP - 20), self.title, LARGE, "middle")
        across = fitted([x for panel in self.panels for points in panel.shown() for x, _ in points], LEFT, width - RIGHT, tight=True)
        looks, top = _looks(self.panels), TOP
        for panel in self.panels:
            yield from _legend(panel, across.start, top + 10, looks)
            top += panel.legend_height
            yield from _diagram(panel, across, top, looks)
            top += PANEL + GAP
        yield Text(((across.start + across.end) / 2, height - 16), self.across, SMALL, "middle")


@dataclass(frozen=True)
class Line:
    points: list[Point]
    colour: str
    width: float = 1.0
    dash: Dash = ()


@dataclass(frozen=True)
class Box:
    """A filled rectangle between two corners."""

    low: Point
    high: Point
    colour: str


@dataclass(frozen=True)
class Dot:
    centre: Point
    radius: float
    colour: str


@dataclass(frozen=True)
class Text:
    """One line. anchor: whether its start, middle or end stands at the place, which is on its base line. turned: it reads upwards."""

    place: Point
    text: str
    size: int = SMALL
    anchor: str = "start"
    turned: bool = False


Mark = Line | Box | Dot | Text
Look = tuple[str, Dash]
"""Colour and dashes."""


def _diagram(panel: Panel, across: Axis, top: float, looks: dict[tuple[str, str], Look]) -> Iterator[Mark]:
    left, right, bottom = across.start, across.end, top + PANEL
    shown = panel.shown()
    up = fitted([y for points in shown for _, y in points], bottom, top, log=panel.log)
    for value, text in up.ticks(TICKS_UP):
        yield Line([(left, up.place(value)), (right, up.place(value))], GRID)
        yield Text((left - 8, up.place(value) + 4), text, SMALL, "end")
    for value, text in across.ticks(TICKS_ACROSS):
        yield Line([(across.place(value), top), (across.place(value), bottom)], GRID)
        yield Text((across.place(value), bottom + 18), text, SMALL, "middle")
    for series, points in sorted(zip(panel.series, shown, strict=True), key=lambda pair: not pair[0].faint):
        colour, dash = looks[series.group, series.name]
        colour = _paler(colour) if series.faint else colour
        places = [(across.place(x), up.place(y)) for x, y in points]
        if len(places) > 1:
            yield Line(_thinned(places), colour, 1.0 if series.faint else 1.8, () if series.faint else dash)
        if series.dots or len(places) == 1:
            yield from (Dot(place, 3.0, colour) for place in places)
    yield Line([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], FRAME)
    yield Text((20, (top + bottom) / 2), panel.label, SMALL, "middle", turned=True)


def _legend(panel: Panel, left: float, base: float, looks: dict[tuple[str, str], Look]) -> Iterator[Mark]:
    for series, line, across in panel.legend():
        x, y = left + across, base + line * LEGEND_LINE
        colour, dash = looks[series.group, series.name]
        yield Line([(x, y - 4), (x + LEGEND_MARK, y - 4)], colour, 2.4, dash)
        if series.dots:
            yield Dot((x + LEGEND_MARK / 2, y - 4), 3.0, colour)
        yield Text((x + LEGEND_MARK + 6, y), series.name)


def _looks(panels: list[Panel]) -> dict[tuple[str, str], Look]:
    """The look of each series, by its group and name."""
    groups = list(dict.fromkeys(series.group for panel in panels for series in panel.series))
    looks: dict[tuple[str, str], Look] = {}
    for panel in panels:
        for number, group in enumerate(groups):
            names = dict.fromkeys(series.name for series in panel.series if series.group == group)
            for nth, name in enumerate(names):
                colour, dash = (number, nth) if len(groups) > 1 else (nth, 0)
                looks[group, name] = COLOURS[colour % len(COLOURS)], DASHES[dash % len(DASHES)]
    return looks


def _paler(colour: str) -> str:
    """A third of the colour on white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{255 - (255 - part) // 3:02x}" for part in parts)


def _thinned(places: list[Point]) -> list[Point]:
    """Of many points in one column of pixels the first, lowest, highest and last: a line of a million points looks the same."""
    columns: list[list[Point]] = []
    for place in places:
        if not columns or floor(columns[-1][0][0]) != floor(place[0]):
            columns.append([])
        columns[-1].append(place)
    return [place for column in columns for place in _extremes(column)]


def _extremes(column: list[Point]) -> list[Point]:
    if len(column) <= MOST_IN_COLUMN:
        return column
    by_height = sorted(range(len(column)), key=lambda i: column[i][1])
    return [column[i] for i in sorted({0, by_height[0], by_height[-1], len(column) - 1})]


@cache
def font(size: float) -> Any:
    """The font of a chart: the one that Pillow brings."""
    return ImageFont.load_default(size)


def _text_width(text: str) -> float:
    """In pixels, with some room for other fonts."""
    return float(font(SMALL).getlength(text)) * 1.06
