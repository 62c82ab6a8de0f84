"""What the pinned CuPy release has, as recorded in names.json by tools/record_cupy.py."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

Table = dict[str, Any]


@cache
def tables() -> dict[str, Table]:
    return json.loads(Path(__file__).with_name("names.json").read_text())


@cache
def cudnn_tables() -> dict[str, Table]:
    """The same of cuDNN's frontend, by tools/record_cudnn.py."""
    return json.loads(Path(__file__).with_name("cudnn_names.json").read_text())


def require(place: str, name: str) -> None:
    """Raise AttributeError where CuPy has no such name."""
    if name not in tables()[place]:
        raise AttributeError(f"{place} of CuPy {tables()['version']} has no {name!r}")


def bind(place: str, name: str, args: Sequence[Any], keywords: Mapping[str, Any]) -> None:
    """Raise TypeError where CuPy's function would not take these arguments."""
    require(place, name)
    takes = tables()[place][name]
    if takes is None or takes["any"]:
        return
    unknown = set(keywords) - {*takes["names"], *takes["keywords"]}
    if unknown or len(args) > len(takes["names"]):
        raise TypeError(f"{place}.{name} takes {takes['names']} and {takes['keywords']}, not {len(args)} arguments and {sorted(keywords)}")
