"""Where a message stands in its file, and what a layer is called, for what is said to the user."""

from __future__ import annotations

from typing import Any

from ..errors import Place


def label(layer: Any) -> str:
    """`layer 'conv1' (Convolution)` for a LayerParameter."""
    return f"layer {layer.name!r} ({layer.type})"


def place_of(message: Any, field: str = "") -> Place | None:
    """Where a message with a `place` stands in its file, or one of its fields, or the nearest field around it; None if not from a file."""
    source = message.place
    if not source.line:
        return None
    places = {f.path: (f.line, f.column) for f in source.field}
    while field:
        if field in places:
            return Place(source.file, *places[field])
        field = field.rpartition("[" if field.endswith("]") else ".")[0]
    return Place(source.file, source.line, source.column)
