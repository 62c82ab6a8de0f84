"""Checks for layers, for this project's tests, for `netproto selftest` and for users' own layers."""

from .gradients import GradientCheck, LayerProbe, net_of

__all__ = ["GradientCheck", "LayerProbe", "net_of"]
