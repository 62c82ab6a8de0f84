"""It is netproto/testing/table.py now."""

from netproto.testing.table import Case

__all__ = ["Case"]
