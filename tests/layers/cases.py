"""It is netproto/testing/cases/ now."""

from netproto.testing.cases import CASES

__all__ = ["CASES"]
