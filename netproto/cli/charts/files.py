"""Charts as files."""

from __future__ import annotations

import io
import os

from ...errors import FormatError, Place
from ...formats import files
from . import raster, svg
from .chart import Chart

SUFFIXES = (".png", ".svg")


def write(path: str, chart: Chart) -> None:
    """Write the picture that the name's suffix asks for, whole or not at all. Raises FormatError for another suffix."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in SUFFIXES:
        raise FormatError("no picture of a chart has this suffix", place=Place(path), hint=f"Use {' or '.join(SUFFIXES)}")
    content = io.BytesIO()
    if suffix == ".svg":
        content.write(svg.text(chart).encode())
    else:
        raster.picture(chart).save(content, "PNG", optimize=True)
    with files.writing(path) as file:
        file.write(content.getvalue())
