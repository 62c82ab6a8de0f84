"""The forms of nodes and edges, for every kind of picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from .layout import Point, Size

CORNER = 7.0


def octagon(centre: Point, size: Size) -> list[Point]:
    """The corners of a box whose corners are cut off."""
    (x, y), (width, height) = centre, size
    w, h = width / 2, height / 2
    cut = min(CORNER, w, h)
    return [
        *((x - w + cut, y - h), (x + w - cut, y - h), (x + w, y - h + cut), (x + w, y + h - cut)),
        *((x + w - cut, y + h), (x - w + cut, y + h), (x - w, y + h - cut), (x - w, y - h + cut)),
    ]


def curves(route: list[Point], rankdir: str) -> Iterator[tuple[Point, Point, Point]]:
    """The edge as Bézier curves that leave and reach each corner in the direction of flow: (control, control, end) of each."""
    upright = rankdir in ("TB", "BT")
    for (x0, y0), (x1, y1) in pairwise(route):
        if upright:
            middle = (y0 + y1) / 2
            yield (x0, middle), (x1, middle), (x1, y1)
        else:
            middle = (x0 + x1) / 2
            yield (middle, y0), (middle, y1), (x1, y1)


def samples(route: list[Point], rankdir: str, steps: int = 8) -> list[Point]:
    """Points on the edge's curves, close enough together to be joined by lines."""
    points = [route[0]]
    for a, b, end in curves(route, rankdir):
        start = points[-1]
        straight = start[0] == end[0] or start[1] == end[1]
        for k in (steps,) if straight else range(1, steps + 1):
            t = k / steps
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            points.append(
                (
                    sum(w * p[0] for w, p in zip(weights, (start, a, b, end), strict=True)),
                    sum(w * p[1] for w, p in zip(weights, (start, a, b, end), strict=True)),
                )
            )
    return points


def label_place(route: list[Point], rankdir: str) -> Point:
    """Where the label of an edge begins: beside its start."""
    x, y = route[0]
    return {"TB": (x + 5, y + 14), "BT": (x + 5, y - 6), "LR": (x + 5, y - 4), "RL": (x - 30, y - 4)}[rankdir]
