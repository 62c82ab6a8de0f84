"""Programs on the CPU: maps lie in blocks of channels between the steps, and all workers go through all steps without coming back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil
from time import perf_counter

import numpy

from .cpu_bound import CpuBound
from .cpu_kernels import program
from .cpu_kernels.vectors import LANES, rounded_up
from .cpu_kernels.worker_threads import boxes
from .cpu_kernels.workers import Workers
from .cpu_lowering import Lowering, Step
from .cpu_parts import Parts
from .geometry import is_depthwise
from .lives import groups
from .reference.arrays import Array
from .reference.program import Convolve, Instruction, Pass, Product, Program, Shapes, Weights

NO_STEPS = numpy.zeros((0, 2), "int64")
WORTH = 2**25
"""Multiply-adds of a program that are worth waking the workers for: some 400 microseconds of a core, half of it for waking and waiting."""
LEAST = 2**20
"""Multiply-adds that are worth sharing with workers who stand by."""
SOON = 2e-4
"""Seconds between passes of a small program within which workers are asked to stand by: about as long as they do."""


class CpuProgram(CpuBound, Program):
    """The family of programs; the result does not depend on the number of workers."""

    workers: Workers

    def takes(self, instruction: Instruction) -> bool:
        if not isinstance(instruction, Convolve):
            return bool(self.dtype == numpy.float32)
        geo, (filters, channels, *kernel) = instruction.geo, instruction.filters
        if self.dtype != numpy.float32 or len(kernel) != 2 or instruction.channel % LANES:
            return False
        if is_depthwise(instruction.filters, geo):
            return filters == geo.group and instruction.add is None
        return geo.group == 1 or (channels % LANES == 0 and filters // geo.group % LANES == 0)

    def bound_program(
        self, instructions: Sequence[Instruction], weights: Sequence[Weights | None], shapes: Shapes, given: Sequence[int]
    ) -> Pass:  # fmt: skip
        work = sum(what.work(shapes) for what in instructions if isinstance(what, Convolve | Product))
        lowered = Lowering(shapes, given, self.workers.count if work >= LEAST else 1)
        for instruction, learned in zip(instructions, weights, strict=True):
            lowered.add(instruction, learned)
        lowered.finish(instructions)
        return _Pass(self, lowered, is_large=work >= WORTH).run


class _Pass:
    """The steps with their memory, ready to be run."""

    def __init__(self, ops: CpuProgram, lowered: Lowering, *, is_large: bool):
        self.workers, self.count, self.parts = ops.workers, lowered.workers, Parts(lowered)
        self.is_large, self.ended = is_large, 0.0
        sizes, numbered = self.parts.sizes, list(self.parts.sizes)
        shared = [[numbered[i] for i in group] for group in groups(self.parts.lives.values())]
        constants = {id(array): array for step in lowered.steps for array in step.constants.values()}
        counts = [sizes[group[0]] + LANES * LANES for group in shared] + [ceil(array.nbytes / 4) for array in constants.values()]
        places = _side_by_side(ops, counts)
        self.memory = {buffer: place for group, place in zip(shared, places, strict=False) for buffer in group}
        self.constants = dict(zip(constants, places[len(shared) :], strict=True))
        for key, array in constants.items():
            self.constants[key].view(array.dtype)[: array.size] = array.reshape(-1)
        self.open: dict[int, list[tuple[numpy.ndarray, int]]] = {}
        for step in self.parts.steps:
            self._place(step)
        for step in lowered.steps:
            step.constants.clear()
        self.steps = numpy.array([(step.what, step.record.ctypes.data) for step in self.parts.steps], "int64")
        self.gate = numpy.zeros((1, 2), "int64")
        self.seen: dict[int, Array] = {}

    def _place(self, step: Step) -> None:
        """Give a record's fields their addresses, but for those of arrays that are given."""
        for name, array in step.constants.items():
            step.record[name] = self.constants[id(array)].ctypes.data
        for name, array in step.borrowed.items():
            step.record[name] = array.ctypes.data
        for name, buffer in step.uses.items():
            if buffer in self.memory:
                step.record[name] += self.memory[buffer].ctypes.data
            else:
                self.open.setdefault(buffer[1], []).append((step.record[name], int(step.record[name][0])))

    def run(self, arrays: Mapping[int, Array]) -> None:
        for value, fields in self.open.items():
            if arrays[value] is not self.seen.get(value):
                self.seen[value] = array = arrays[value]
                for field, distance in fields:
                    field[0] = array.ctypes.data + distance
        self.gate.fill(0)
        if self.is_large:
            self.workers.together(self.work, self.count, self.abandon, self)
        else:
            self.workers.if_ready(self.work, self.count, self, ask=perf_counter() - self.ended < SOON)
            self.ended = perf_counter()

    def work(self, worker: int, count: int) -> None:
        """A worker's part of the pass."""
        program.run(self.steps, self.gate, worker, count, boxes, program.PART, 0)

    def lead(self) -> bool:
        """As workers.Standby."""
        return bool(program.run(self.steps, self.gate, 0, self.count, boxes, program.LEADER, 0))

    def stand_by(self, worker: int, calls: int) -> None:
        """As workers.Standby; for any program."""
        program.run(NO_STEPS, NO_STEPS, worker, 0, boxes, program.STANDBY, calls)

    def abandon(self) -> None:
        """Let who waits in vain give up."""
        self.gate[0, program.ABANDONED] = 1


def _side_by_side(ops: CpuProgram, sizes: Sequence[int]) -> list[Array]:
    """Arrays of so many numbers, parts of one: a large array gets large pages from the system, which saves a tenth of the time.

    A line lies between two: places that are a power of two apart would fight for lines of the cache.
    """
    ends = list(accumulate(rounded_up(size, LANES) + LANES for size in sizes))
    whole = ops.zeros((ends[-1],))
    return [whole[end - LANES - rounded_up(size, LANES) : end - LANES] for size, end in zip(sizes, ends, strict=True)]
