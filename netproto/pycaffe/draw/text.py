"""How large text is, and what it is drawn with."""

from __future__ import annotations

from functools import cache
from typing import Any

from PIL import ImageFont

FONT_SIZE = 12
LINE_HEIGHT = 15
PADDING = (10, 7)


@cache
def font(size: float) -> Any:
    """Pillow's own font in a size of pixels."""
    return ImageFont.load_default(size)


def width(line: str) -> float:
    """The width of a line of text in pixels, with some room for other fonts."""
    return float(font(FONT_SIZE).getlength(line)) * 1.08


def block_size(lines: list[str]) -> tuple[float, float]:
    """(width, height) of a box around lines of text."""
    return max(map(width, lines), default=0) + 2 * PADDING[0], LINE_HEIGHT * len(lines) + 2 * PADDING[1]
