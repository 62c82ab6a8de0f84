"""Ordered dictionaries by name that answer an unknown name with the nearest known ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from html import escape
from typing import Any, Generic, NoReturn, TypeVar

from ..errors import did_you_mean

T = TypeVar("T")


class Named(OrderedDict[str, T], Generic[T]):
    """Name -> thing. kind: what the names name, for messages: "blob"."""

    def __init__(self, entries: Iterable[tuple[str, T]] = (), kind: str = "entry"):
        super().__init__(entries)
        self.kind = kind

    def __missing__(self, name: str) -> NoReturn:
        raise KeyError(f"the net has no {self.kind} {name!r}. {did_you_mean(str(name), self)}".rstrip())

    def __reduce__(self) -> tuple[Any, ...]:
        return Named, (list(self.items()), self.kind)

    def copy(self) -> Named[T]:
        return Named(self.items(), self.kind)

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{_html(thing)}</td></tr>" for name, thing in self.items())
        return f"<table>{rows}</table>"


def _html(thing: Any) -> str:
    if isinstance(thing, list):
        return "<br>".join(_html(part) for part in thing)
    made = getattr(thing, "_repr_html_", None)
    return str(made()) if made is not None else escape(str(thing))
