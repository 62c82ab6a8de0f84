"""It is netproto/testing/probes.py now."""

from netproto.testing.probes import make_probe, redraw

__all__ = ["make_probe", "redraw"]
