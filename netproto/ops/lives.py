"""Who can share memory with whom: blobs that are needed at different times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass
class Life:
    """In which steps of a pass, first and last, a blob is needed; how many numbers it has."""

    blob: int
    first: int
    last: int
    count: int

    def meets(self, other: Life) -> bool:
        return self.first <= other.last and other.first <= self.last


def groups(lives: Iterable[Life]) -> list[list[int]]:
    """The blobs in groups that can have one memory, each with its largest blob first."""
    found: list[list[Life]] = []
    for life in sorted(lives, key=lambda life: -life.count):
        group = next((group for group in found if not any(life.meets(other) for other in group)), None)
        if group is None:
            found.append(group := [])
        group.append(life)
    return [[life.blob for life in group] for group in found]
