"""THE TABLE: at least one row for every registered layer type, and one for every option that changes numbers."""

from __future__ import annotations

from .table import Case

CASES: list[Case] = []

NO_ROW: dict[str, str] = {}
"""Layer types that no row can hold, with the reason and the test that covers them."""
