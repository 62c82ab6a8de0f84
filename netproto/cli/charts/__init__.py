"""Charts of lines: panels above each other that share one horizontal axis. Laid out once, then drawn as SVG or by Pillow as pixels."""

from .chart import Chart, Panel, Series
from .files import SUFFIXES, write

__all__ = ["SUFFIXES", "Chart", "Panel", "Series", "write"]
