"""Records in a fixed order, over and over."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from ..errors import DataError, Place


@dataclass(frozen=True, slots=True)
class Record:
    """One record. ordinal: how many came before it, all epochs counted. name: its key, path or row, for messages. value: what it holds."""

    ordinal: int
    name: str
    value: Any


class Source(ABC):
    """Gives records one after the other and begins anew at the end. One thread at a time may use it.

    path: what messages call it. position: the ordinal of the next record, of all ranks. key: of random draws, where the source has any.
    """

    def __init__(self, path: str):
        self.path = path
        self.position = 0
        self.key = 0
        self.rank, self.ranks = 0, 1

    def deal(self, rank: int, ranks: int) -> None:
        """Give only every ranks-th record, beginning with number `rank`. Before the first record is taken, or after `restore`.

        The records come in rounds of one for each rank. A state of rank 0 is one of all: where it was taken in a round, the next begins.
        """
        self.rank, self.ranks = rank, ranks

    def take(self) -> Record:
        """The next record of this rank. Raises DataError if it cannot be read."""
        skipped = -self.position % self.ranks + self.rank
        if skipped:
            self._skip(skipped)
            self.position += skipped
        record = self._next()
        self.position += 1
        return record

    def state(self) -> dict[str, Any]:
        """Where it stands, as plain JSON."""
        return {"position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.position = int(state.get("position", 0))

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of files. Views of records are not valid any more."""

    def error(self, what: str, *, hint: str = "") -> DataError:
        """A DataError about this source."""
        return DataError(what, place=Place(self.path), hint=hint)

    @abstractmethod
    def _next(self) -> Record:
        """The record number `position`."""

    def _skip(self, count: int) -> None:  # noqa: B027 - see below
        """Move past records. A source that finds records by their number has nothing to do."""
