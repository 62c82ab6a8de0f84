"""Programs: passes without a gradient through several operations as a whole. What lies between is nobody's business but the backend's.

A value is a number that stands for an array. Those that a program is given, to read or to write, are arrays of their shapes; of the others
only shapes are known. Weights are read when a program is bound, as in bound.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from ..geometry import Axes, ConvGeometry, PoolGeometry
from .arrays import Array
from .bound import Bound, Finish
from .pooling import Pooling
from .softmax import Softmax

Shapes = Mapping[int, Axes]
Weights = tuple[Array, Array | None]
"""A weight and a bias."""


@dataclass(frozen=True)
class Convolve:
    """y, from a channel on, = bound_conv of x. filters: the shape of the weight. add: a value of y's shape, or None."""

    x: int
    y: int
    filters: Axes
    geo: ConvGeometry
    add: int | None = None
    slope: float = 1.0
    channel: int = 0

    def work(self, shapes: Shapes) -> int:
        """Multiply-adds."""
        return shapes[self.x][0] * prod(self.geo.out_shape(shapes[self.x][2:])) * prod(self.filters)


@dataclass(frozen=True)
class Product:
    """y (M, N) = bound_linear of x, whose numbers are (M, inputs)."""

    x: int
    y: int
    inputs: int
    outputs: int
    add: int | None = None
    slope: float = 1.0

    def work(self, shapes: Shapes) -> int:
        """Multiply-adds."""
        return prod(shapes[self.x]) * self.outputs


@dataclass(frozen=True)
class Pool:
    """y = max_pool_values of x, or ave_pool where `average`."""

    x: int
    y: int
    geo: PoolGeometry
    average: bool


@dataclass(frozen=True)
class Rectify:
    """y = relu of x, which may be y."""

    x: int
    y: int
    slope: float


@dataclass(frozen=True)
class Normalise:
    """y = softmax of x over axis 1, of two."""

    x: int
    y: int


Instruction = Convolve | Product | Pool | Rectify | Normalise
Pass = Callable[[Mapping[int, Array]], None]
"""Runs a program on the arrays that it is given."""


class Program(Bound, Softmax, Pooling):
    """A program makes what its operations make one after the other, to 1e-6 or so."""

    def takes(self, instruction: Instruction) -> bool:
        """Whether it pays to let an operation be part of a program."""
        return False

    def bound_program(
        self, instructions: Sequence[Instruction], weights: Sequence[Weights | None], shapes: Shapes, given: Sequence[int]
    ) -> Pass:  # fmt: skip
        """instructions that `takes` takes, with their weights; `given`: the values whose arrays each pass is given."""

        def run(arrays: Mapping[int, Array]) -> None:
            values = {value: self.empty(shape) for value, shape in shapes.items() if value not in arrays} | dict(arrays)
            for instruction, learned in zip(instructions, weights, strict=True):
                self._perform(instruction, learned, values)

        return run

    def _perform(self, what: Instruction, learned: Weights | None, values: Mapping[int, Array]) -> None:
        x, y = values[what.x], values[what.y]
        if isinstance(what, Pool):
            (self.ave_pool if what.average else self.max_pool_values)(x, y, geo=what.geo)
        elif isinstance(what, Rectify):
            self.relu(x, y, slope=what.slope)
        elif isinstance(what, Normalise):
            self.softmax(x, y, axis=1)
        elif learned:
            add = None if what.add is None else values[what.add]
            if isinstance(what, Convolve):
                part = y[:, what.channel : what.channel + what.filters[0]]
                self.bound_conv(x, *learned, part, geo=what.geo, finish=Finish(add, what.slope))()
            else:
                rows = x.reshape(-1, what.inputs), y.reshape(-1, what.outputs)
                add = None if add is None else add.reshape(rows[1].shape)
                self.bound_linear(rows[0], *learned, rows[1], transpose=False, finish=Finish(add, what.slope))()
