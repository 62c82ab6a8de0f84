"""A chart as a picture of pixels."""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot

from PIL import Image, ImageDraw

from .chart import INK, Box, Chart, Dash, Dot, Line, Mark, Point, Text, font

SCALE, FINE = 2, 2
"""How many pixels a length of 1 has; and how much larger the picture is drawn before it is made that small."""
ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
"""Pillow's names."""


def picture(chart: Chart) -> Image.Image:
    """The chart in colours on white."""
    size = tuple(side * SCALE * FINE for side in chart.size)
    image = Image.new("RGB", (size[0], size[1]), "white")
    canvas = _Canvas(image)
    for mark in chart.marks():
        canvas.draw(mark)
    return image.resize((size[0] // FINE, size[1] // FINE), Image.Resampling.BOX)


class _Canvas:
    """Draws marks on an image, all lengths times SCALE * FINE."""

    def __init__(self, image: Image.Image):
        self.image, self.pen = image, ImageDraw.Draw(image)

    def draw(self, mark: Mark) -> None:
        if isinstance(mark, Line):
            for piece in _dashed(mark.points, mark.dash):
                self.pen.line([_scaled(point) for point in piece], mark.colour, round(mark.width * SCALE * FINE), joint="curve")
        elif isinstance(mark, Box):
            self.pen.rectangle([_scaled(mark.low), _scaled(mark.high)], mark.colour)
        elif isinstance(mark, Dot):
            (x, y), r = _scaled(mark.centre), mark.radius * SCALE * FINE
            self.pen.ellipse((x - r, y - r, x + r, y + r), mark.colour)
        elif mark.turned:
            self._turned(mark)
        else:
            self.pen.text(_scaled(mark.place), mark.text, INK, font(mark.size * SCALE * FINE), ANCHORS[mark.anchor])

    def _turned(self, mark: Text) -> None:
        """Text in the middle of its place, read upwards."""
        face = font(mark.size * SCALE * FINE)
        left, top, right, bottom = (round(side) for side in face.getbbox(mark.text, anchor="ls"))
        mask = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(mask).text((-left, -top), mark.text, 255, face, "ls")
        mask = mask.transpose(Image.Transpose.ROTATE_90)
        x, y = _scaled(mark.place)
        self.image.paste(INK, (round(x) + top, round(y - mask.height / 2)), mask)


def _scaled(point: Point) -> Point:
    return point[0] * SCALE * FINE, point[1] * SCALE * FINE


def _dashed(points: list[Point], dash: Dash) -> Iterator[list[Point]]:
    """The line itself, or its pieces: on, off, on, ... as long as the dashes say."""
    if not dash:
        yield points
        return
    piece, turn, left = [points[0]], 0, dash[0]
    for end in points[1:]:
        start = piece[-1]
        while (length := hypot(end[0] - start[0], end[1] - start[1])) > left:
            start = start[0] + (end[0] - start[0]) * left / length, start[1] + (end[1] - start[1]) * left / length
            if turn % 2 == 0:
                yield [*piece, start]
            piece, turn = [start], turn + 1
            left = dash[turn % len(dash)]
        piece.append(end)
        left -= length
    if turn % 2 == 0 and len(piece) > 1:
        yield piece
