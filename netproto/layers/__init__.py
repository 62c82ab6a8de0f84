"""Every layer type: one file, one import line."""

from .base import LAYERS

__all__ = ["LAYERS"]
