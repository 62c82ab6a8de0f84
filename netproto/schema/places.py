"""Where a message stands in its file, and what a layer is called, for what is said to the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    nearest = nearest_path(field, places)
    return Place(source.file, *places[nearest]) if nearest else Place(source.file, source.line, source.column)


def nearest_path(path: str, known: Iterable[str]) -> str:
    """The path itself if it is known, or else the nearest known one around it: "param[1].name" is in "param[1]", and that in "param"."""
    while path and path not in known:
        path = path.rpartition("[" if path.endswith("]") else ".")[0]
    return path


def carry_place(old: Any, new: Any, moved: Mapping[str, str]) -> None:
    """Give a message that was made from another the other's place. `moved` says which fields are called what now, old path to new."""
    if not old.HasField("place"):
        return
    new.place.CopyFrom(old.place)
    for field in new.place.field:
        known = nearest_path(field.path, moved)
        if known:
            field.path = moved[known] + field.path[len(known) :]
