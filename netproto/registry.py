"""Names to things: the one place where an unknown name is answered with the nearest known ones."""

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from .errors import ModelError, did_you_mean

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """A mapping filled by decorator.

    kind: what the names name, for messages: "layer type".
    """

    def __init__(self, kind: str):
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator: enter the decorated thing under `name`. A name is entered once."""

        def enter(thing: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = thing
            return thing

        return enter

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def find(self, name: str) -> T:
        """The entry, or a ModelError that names the nearest known names."""
        if name in self._entries:
            return self._entries[name]
        raise ModelError(f"unknown {self.kind} {name!r}", hint=did_you_mean(name, self._entries))

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
