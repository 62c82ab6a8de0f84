"""From operations to the steps of a program: which form each value has when, and what each step is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod

import numpy

from .cpu_kernels import program
from .cpu_kernels.blocked_conv import CONV
from .cpu_kernels.blocked_maps import POOL, RECTIFY, TURN
from .cpu_kernels.blocked_plan import plan_of
from .cpu_kernels.blocked_short_plan import shortest
from .cpu_kernels.blocked_tiles import LINE
from .cpu_kernels.blocked_told import Told, told, told_channelwise, told_short
from .cpu_kernels.blocked_winograd import WINOGRAD
from .cpu_kernels.conv_choice import FEW_CHANNELS
from .cpu_kernels.dense import FEW
from .cpu_kernels.records import filled
from .cpu_kernels.rows import PRODUCT, SOFTMAX
from .cpu_kernels.vectors import LANES, rounded_up
from .geometry import is_depthwise
from .reference.arrays import Array
from .reference.program import Convolve, Instruction, Normalise, Pool, Product, Rectify, Shapes, Weights

Buffer = tuple[str, int]
"""(form, number): a value as it is PLAIN_FORM or BLOCKED, or a workspace."""
PLAIN_FORM, BLOCKED = "plain", "blocked"


@dataclass
class Step:
    """uses, constants, borrowed: which of the record's fields are addresses of buffers, of numbers that are the program's, and of a user's.

    Those of buffers hold a distance in bytes until the buffers have memory.
    """

    what: int
    record: numpy.ndarray
    uses: dict[str, Buffer]
    constants: dict[str, Array]
    borrowed: dict[str, Array]


class Lowering:
    """steps, and how many elements each of their buffers has that is not given."""

    def __init__(self, shapes: Shapes, given: Sequence[int], workers: int):
        self.shapes, self.given, self.workers = shapes, set(given), workers
        self.steps: list[Step] = []
        self.sizes: dict[Buffer, int] = {}
        self.forms: dict[int, set[str]] = {value: {PLAIN_FORM} for value in given}
        self.by_filters: set[int] = set()
        """Values whose blocks of channels the workers divided when they made them, and not their rows."""

    def add(self, what: Instruction, learned: Weights | None) -> None:
        if isinstance(what, Pool):
            self._pool(what)
        elif isinstance(what, Rectify):
            self._rectify(what)
        elif isinstance(what, Normalise):
            batch, classes = self.shapes[what.x]
            uses = {"x": self._read(what.x, PLAIN_FORM), "y": self._write(what.y, PLAIN_FORM)}
            self._step(program.NORMALISE, SOFTMAX, uses, {"batch": batch, "classes": classes})
        elif isinstance(what, Product):
            assert learned
            self._multiply(what, *learned)
        else:
            assert learned
            self._convolve(what, *learned)

    def finish(self, instructions: Sequence[Instruction]) -> None:
        """Bring what is given, and was written, to its plain form."""
        for value in self.given & {what.y for what in instructions}:
            self._read(value, PLAIN_FORM)

    # -- values --------------------------------------------------------------------------------------------------------------

    def _read(self, value: int, form: str) -> Buffer:
        """The value in a form; turned, where it has not got it."""
        if form not in self.forms[value]:
            self._turn(value, form)
            self.forms[value].add(form)
        return self._buffer(value, form)

    def _write(self, value: int, form: str) -> Buffer:
        """The value in a form, which is its only one then."""
        self.forms[value] = {form}
        return self._buffer(value, form)

    def _buffer(self, value: int, form: str) -> Buffer:
        if form == BLOCKED:
            self.sizes[form, value] = self._blocked_image(value) // 4 * self.shapes[value][0]
        elif value not in self.given:
            self.sizes[form, value] = prod(self.shapes[value])
        return form, value

    def _workspace(self, count: int) -> Buffer:
        buffer = "workspace", len(self.sizes)
        self.sizes[buffer] = count
        return buffer

    def _blocked_image(self, value: int) -> int:
        """Bytes from image to image."""
        _, channels, *spatial = self.shapes[value]
        return rounded_up(channels, LANES) * prod(spatial) * 4

    def _step(
        self, what: int, kind: numpy.dtype, uses: dict[str, Buffer], numbers: dict[str, int],
        constants: dict[str, Array] | None = None, borrowed: dict[str, Array] | None = None,
    ) -> None:  # fmt: skip
        """A step; its fields that are addresses are 0 as yet, where no distance is given."""
        arrays, others = constants or {}, {name: numpy.ascontiguousarray(array) for name, array in (borrowed or {}).items()}
        self.steps.append(Step(what, filled(kind, dict.fromkeys([*uses, *arrays, *others], 0) | numbers), uses, arrays, others))

    # -- operations ----------------------------------------------------------------------------------------------------------

    def _turn(self, value: int, form: str) -> None:
        batch, channels, *spatial = self.shapes[value]
        self._step(
            program.TO_BLOCKED if form == BLOCKED else program.TO_PLAIN,
            TURN,
            {PLAIN_FORM: self._buffer(value, PLAIN_FORM), BLOCKED: self._buffer(value, BLOCKED)},
            {"plain_image": channels * prod(spatial) * 4, "blocked_image": self._blocked_image(value),
             "batch": batch, "channels": channels, "pixels": prod(spatial)},
        )  # fmt: skip

    def _pool(self, what: Pool) -> None:
        batch, channels, height, width = self.shapes[what.x]
        (kh, kw), (sh, sw), (ph, pw), geo = what.geo.kernel, what.geo.stride, what.geo.pad, what.geo
        numbers = {
            "x_image": self._blocked_image(what.x), "y_image": self._blocked_image(what.y), "batch": batch,
            "blocks": ceil(channels / LANES), "height": height, "width": width, "out_height": geo.out[0], "out_width": geo.out[1],
            "kh": kh, "kw": kw, "sh": sh, "sw": sw, "ph": ph, "pw": pw, "average": what.average,
            "by_filters": what.x in self.by_filters,
        }  # fmt: skip
        uses = {"x": self._read(what.x, BLOCKED), "y": self._write(what.y, BLOCKED)}
        if what.x in self.by_filters:
            self.by_filters.add(what.y)
        self._step(program.POOLING, POOL, uses, numbers, {"slope": _number(1.0)})

    def _rectify(self, what: Rectify) -> None:
        form = BLOCKED if BLOCKED in self.forms[what.x] else PLAIN_FORM
        before = self.steps[-1] if self.steps else None
        pooled = before is not None and before.what == program.POOLING and before.uses["y"] == (form, what.x)
        if before and pooled and what.x == what.y and before.constants["slope"][0] == 1:
            before.constants["slope"] = _number(what.slope)
            return
        x, y = self._read(what.x, form), self._write(what.y, form)
        count = self.sizes.get(x, prod(self.shapes[what.x]))
        self._step(program.RECTIFYING, RECTIFY, {"x": x, "y": y}, {"count": count}, {"slope": _number(what.slope)})

    def _multiply(self, what: Product, w: Array, bias: Array | None) -> None:
        batch = prod(self.shapes[what.x]) // what.inputs
        x, other = self._read(what.x, PLAIN_FORM), None if what.add is None else self._read(what.add, PLAIN_FORM)
        uses = {"x": x, "y": self._write(what.y, PLAIN_FORM)} | ({} if other is None else {"other": other})
        constants, borrowed = {"bias": _level(bias, what.outputs), "slope": _number(what.slope)}, {"w": w}
        numbers = {"batch": batch, "inputs": what.inputs, "outputs": what.outputs, "other": 0}
        if batch <= FEW:
            self._step(program.FEW_ROWS, PRODUCT, uses, numbers | {"columns": 0, "made": 0, "rest": 0}, constants, borrowed)
            return
        blocks = ceil(batch / LANES)
        uses["columns"] = self._workspace(blocks * LANES * what.inputs)
        uses["made"] = self._workspace(blocks * LANES * rounded_up(what.outputs, LANES))
        constants["rest"] = numpy.zeros((LANES, what.inputs), numpy.float32)
        constants["rest"][: what.outputs % LANES] = w[what.outputs - what.outputs % LANES :]
        self._step(program.TURN_ROWS, PRODUCT, uses, numbers, constants, borrowed)
        self._step(program.MANY_ROWS, PRODUCT, uses, numbers, constants, borrowed)

    def _convolve(self, what: Convolve, w: Array, bias: Array | None) -> None:
        shape, channelwise = self.shapes[what.x], is_depthwise(what.filters, what.geo)
        plain = shape[1] <= FEW_CHANNELS and self.forms[what.x] == {PLAIN_FORM} and not channelwise
        plan = plan_of(shape, what.filters, what.geo, plain=plain, channelwise=channelwise)
        uses = {"x": self._read(what.x, PLAIN_FORM if plain else BLOCKED)}
        if what.add is not None:
            uses["other"] = self._read(what.add, BLOCKED)
        uses["y"] = self._write(what.y, BLOCKED)
        numbers = {
            "x_image": plan.x_image, "y_image": self._blocked_image(what.y), "y": what.channel // LANES * prod(plan.out) * LINE,
            "other": 0, "other_image": 0 if what.add is None else self._blocked_image(what.add),
        }  # fmt: skip
        if short := shortest(plan):
            self._told(program.SHORT[short.m, what.geo.kernel[0]], WINOGRAD, uses, told_short(short, w, self.workers), numbers, what, bias)
        else:
            numbers |= {"x_block": plan.x_block, "copies": 0}
            if channelwise:
                found = told_channelwise(plan, w, self.workers, by_filters=what.x in self.by_filters)
            else:
                found = told(plan, w, self.workers)
            self._told(program.DEPTHWISE if channelwise else program.CONVOLVE, CONV, uses, found, numbers, what, bias)

    def _told(
        self, kind: int, record: numpy.dtype, uses: dict[str, Buffer], told: Told, numbers: dict[str, int],
        what: Convolve, bias: Array | None,
    ) -> None:  # fmt: skip
        workspaces = {field: self._workspace(count) for field, count in told.workspace.items()}
        constants = told.constants | {"bias": _level(bias, rounded_up(what.filters[0], LANES)), "slope": _number(what.slope)}
        constants["plain"] = numpy.repeat(numpy.array([0, 1], numpy.float32), 2 * LANES)
        if told.numbers["by_filters"]:
            self.by_filters.add(what.y)
        self._step(kind, record, uses | workspaces, numbers | told.numbers, constants)


def _number(value: float) -> Array:
    return numpy.array([value], numpy.float32)


def _level(bias: Array | None, count: int) -> Array:
    """The bias, 0 behind its end or where there is none."""
    level = numpy.zeros(count, numpy.float32)
    if bias is not None:
        level[: len(bias)] = bias
    return level
