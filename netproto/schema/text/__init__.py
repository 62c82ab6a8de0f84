"""Prototxt in and out: `parse`, `load`, `dump`."""

from .parser import load, parse
from .printer import dump

__all__ = ["dump", "load", "parse"]
