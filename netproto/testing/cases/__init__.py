"""THE TABLE: at least one row for every registered layer type, and one for every option that changes numbers."""

from __future__ import annotations

from ..table import Case
from . import channels, detectors, elementwise, forks, losses, recurrent, shapes, sources, windows

FAMILIES = (sources, losses, detectors, recurrent, windows, channels, elementwise, shapes, forks)
CASES: list[Case] = [row for family in FAMILIES for row in family.CASES]
