"""The layer contract. The words and the order of arguments are Caffe's (include/caffe/layer.hpp).

A layer is one file of `layers/`: it reads its message, declares its parameters and shapes, and names operations of `self.ops`.
It owns no memory: the Net gives it `blobs` (parameters), `internals` (its own arrays) and the blobs it reads and writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from ..blob import Array, Blob, Shape
from ..errors import ModelError
from ..registry import Registry
from ..schema.places import label, place_of

if TYPE_CHECKING:
    from ..ops.base import Ops
    from ..random import Stream

TRAIN, TEST = 0, 1  # Caffe's Phase

LAYERS: Registry[type[Layer]] = Registry("layer type")


@dataclass(frozen=True)
class Arity:
    """How many blobs a layer takes or gives: at least `least`, at most `most` (None: any number)."""

    least: int
    most: int | None

    def __contains__(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        return f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"


def exactly(count: int) -> Arity:
    return Arity(count, count)


def at_least(count: int) -> Arity:
    return Arity(count, None)


@dataclass(frozen=True)
class ParamDeclaration:
    """A learned array a layer wants: its shape, and the FillerParameter that fills it (None: zeros).

    learned: whether it has a gradient; False for statistics, which a solver leaves alone.
    """

    shape: Shape
    filler: Any = None
    learned: bool = True


@dataclass(frozen=True)
class Internal:
    """An array of a layer's own that lives from forward to backward, or scratch. dtype: 'real' is the net's own.

    for_backward: whether it is of use to a backward pass alone, so that a net without one goes without it.
    """

    shape: Shape
    dtype: str = "real"
    for_backward: bool = False


class Layer:
    """One layer of a net, not yet bound to memory.

    message: its LayerParameter. phase: TRAIN or TEST.
    What the Net hands over before the first forward: `ops`, `blobs`, `internals`, `random`, `param_propagate_down`.
    """

    type: ClassVar[str] = ""
    bottoms: ClassVar[Arity] = exactly(1)
    tops: ClassVar[Arity] = exactly(1)
    as_many_tops_as_bottoms: ClassVar[bool] = False
    is_loss: ClassVar[bool] = False
    """Whether top[0] has a loss_weight of 1 where none is written."""
    auto_tops: ClassVar[bool] = False
    """Whether missing tops are made without a name, as Caffe does for losses (AutoTopBlobs)."""
    no_gradient_bottoms: ClassVar[frozenset[int]] = frozenset()
    """Bottoms that force_backward does not force: labels (Caffe: AllowForceBackward)."""
    on_host: ClassVar[bool] = False
    """Whether passes do what the device does not see: run a user's code, write files."""
    in_place: ClassVar[bool] = False
    """Whether a top may be its bottom: the layer then reads each element before it writes it, and backward needs no lost value."""
    draws_for_records: ClassVar[bool] = False
    """Whether its random draws belong to records, which are dealt to the ranks: they are then drawn alike on every rank."""

    def __init__(self, message: Any, phase: int):
        self.message = message
        self.phase = phase
        self.name: str = message.name
        self.params: list[ParamDeclaration] = []
        self.blobs: list[Blob] = []
        self.internals: dict[str, Array] = {}
        self.param_propagate_down: list[bool] = []
        self.ops: Ops
        self.random: Stream
        self.rank, self.ranks = 0, 1

    # -- what a layer defines ------------------------------------------------------------------------------------------------

    def setup(self, bottom: Sequence[Shape]) -> None:
        """Read the message and declare params, once. Raise what the message alone, or with the first shapes, shows wrong."""

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        """The shapes of the tops for these bottoms. Pure: called again whenever a bottom changes shape."""
        raise NotImplementedError

    def internal_arrays(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> dict[str, Internal]:
        """The layer's own arrays for these shapes, by the names under which `internals` will hold them."""
        return {}

    def prepare(self, top: Sequence[Blob]) -> None:
        """Once, when the tops have their memory: fill those that stay as they are from pass to pass. DummyData's constants."""

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        """Fill `top[i].data`."""
        raise NotImplementedError

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        """Fill `bottom[i].diff` where propagate_down[i]; add to `blobs[j].diff` where param_propagate_down[j]."""
        raise self.error("this layer has no backward pass", hint="Set propagate_down: false, or keep it out of the path to a loss")

    def macs(self, bottom: Sequence[Shape], top: Sequence[Shape]) -> int:
        """Multiply-accumulates of one forward pass."""
        return 0

    def data_views(self) -> dict[int, int]:
        """Tops whose data is a view of a bottom's data, as {top: bottom}: nothing is copied in forward. Split, Flatten, Reshape."""
        return {}

    def diff_views(self) -> dict[int, int]:
        """Tops whose diff is a view of a bottom's diff, as {top: bottom}."""
        return {}

    def data_state(self) -> dict[str, Any]:
        """Where the layer stands in its source of records, as a snapshot keeps it; empty for layers that read none."""
        return {}

    def restore_data_state(self, state: dict[str, Any]) -> None:
        """Go on where `data_state` was taken."""

    def close(self) -> None:
        """Let go of files and threads."""

    # -- what a layer uses ---------------------------------------------------------------------------------------------------

    def declare_param(self, shape: Sequence[int], filler: Any = None, *, learned: bool = True) -> None:
        """Ask for the next learned array."""
        self.params.append(ParamDeclaration(tuple(shape), filler, learned))

    def error(self, what: str, *, field: str = "", hint: str = "") -> ModelError:
        """A ModelError at the layer's place in its file, or at that of one of its fields: 'convolution_param.stride'."""
        return ModelError(what, place=place_of(self.message, field), layer=label(self.message), hint=hint)

    def canonical_axis(self, axis: int, rank: int, field: str) -> int:
        """An axis that may be negative, counted from the front; raises where the shape has no such axis."""
        if not -rank <= axis < rank:
            raise self.error(f"axis {axis} of a blob with {rank} axes", field=field, hint=f"Axes go from {-rank} to {rank - 1}")
        return axis % rank

    def param_diff(self, index: int) -> Array | None:
        """The gradient of a learned blob, to be added to; None where the layer has no such blob or its gradient is not wanted."""
        return self.blobs[index].diff if index < len(self.blobs) and self.param_propagate_down[index] else None

    def refuse_in_place(self, bottom: Blob, top: Blob, setting: str, field: str) -> None:
        """Raise if the top is the bottom: a gradient that needs the bottom's values cannot be had after the top has overwritten them."""
        self.require(
            top is not bottom,
            f"the gradient for {setting} needs the bottom, which working in place has overwritten",
            field=field,
            hint="Give the top a name of its own",
        )

    def require(self, condition: bool, what: str, *, field: str = "", hint: str = "") -> None:
        """Raise `self.error(what)` unless the condition holds."""
        if not condition:
            raise self.error(what, field=field, hint=hint)


def count(shape: Sequence[int], start: int = 0, stop: int | None = None) -> int:
    """The product of shape[start:stop]. Caffe: Blob::count."""
    return prod(shape[start:stop])
