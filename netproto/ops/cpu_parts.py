"""A batch that goes through the first steps of a program in parts, so that maps between them are still near when they are read.

The first layers make the largest maps: those of a whole batch come from memory, those of a few images from the third cache, at twice the
speed. The weights of these layers are small, and are read once more for each part.
"""

from __future__ import annotations

from collections.abc import Collection
from math import prod

from .cpu_lowering import Buffer, Lowering, Step
from .lives import Life

NEAR = 2**24
"""About how many bytes of maps a step reads and writes for a part."""
SHARE = 2
"""By how much the maps of a step are larger than the weights that all parts read."""


class Parts:
    """steps in the order in which they run; sizes and lives of the buffers that are not given."""

    def __init__(self, lowered: Lowering):
        self.lowered, steps = lowered, lowered.steps
        batch, largest = _batch(steps[0]), max(map(self._moved, steps))
        part = max(1, batch * NEAR // largest) if batch else 0
        leading = self._leading(batch, part) if 0 < part < batch else 0
        later = {buffer for step in steps[leading:] for buffer in step.uses.values()}
        inner = {buffer for step in steps[:leading] for buffer in step.uses.values() if buffer in lowered.sizes} - later
        self.sizes = {buffer: self._size(buffer, batch, part if buffer in inner else batch) for buffer in lowered.sizes}
        firsts = range(0, batch, part) if leading else ()
        self.steps = [_part(step, first, min(part, batch - first), inner) for first in firsts for step in steps[:leading]]
        self.steps += steps[leading:]
        self.lives = self._lives(inner, leading)

    def _leading(self, batch: int, part: int) -> int:
        """How many steps the parts go through."""
        found, parts = 0, -(-batch // part)
        for number, step in enumerate(self.lowered.steps):
            weights = step.constants["w"].nbytes if "w" in step.constants else 0
            if _batch(step) != batch or SHARE * weights * parts > self._moved(step):
                break
            if self._moved(step) > 2 * NEAR:
                found = number + 1
        return found

    def _moved(self, step: Step) -> int:
        """Bytes of the maps that a step reads and writes."""
        return 4 * sum(self._elements(buffer) for buffer in step.uses.values() if buffer[0] != "workspace")

    def _elements(self, buffer: Buffer) -> int:
        return self.lowered.sizes.get(buffer) or prod(self.lowered.shapes[buffer[1]])

    def _size(self, buffer: Buffer, batch: int, part: int) -> int:
        whole = self.lowered.sizes[buffer]
        return whole if buffer[0] == "workspace" or part == batch else whole // batch * part

    def _lives(self, inner: Collection[Buffer], leading: int) -> dict[Buffer, Life]:
        """Inner buffers live as in one part; what the parts leave behind lives from the first of them on."""
        numbered, lives = list(self.sizes), dict[Buffer, Life]()
        for number, step in enumerate(self.lowered.steps):
            for buffer in step.uses.values():
                if buffer in self.sizes:
                    first = 0 if number < leading and buffer not in inner else number
                    lives.setdefault(buffer, Life(numbered.index(buffer), first, number, self.sizes[buffer])).last = number
        return lives


def _batch(step: Step) -> int:
    """The images of a step; 0 of one that does not go through images one by one."""
    names = step.record.dtype.names or ()
    return int(step.record["batch"][0]) if any(f"{field}_image" in names for field in step.uses) else 0


def _part(step: Step, first: int, count: int, inner: Collection[Buffer]) -> Step:
    """The step for some images: arrays that are there for all images are taken from the first one on."""
    record = step.record.copy()
    record["batch"] = count
    for field, buffer in step.uses.items():
        if buffer not in inner and f"{field}_image" in (record.dtype.names or ()):
            record[field] += first * record[f"{field}_image"]
    return Step(step.what, record, step.uses, step.constants, step.borrowed)
