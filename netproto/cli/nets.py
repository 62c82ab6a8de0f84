"""Net and solver messages as the commands need them: loaded, told apart, and changed as flags say. Files in, new messages out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import FormatError, ModelError, ParseError, Place, SolverError
from ..formats.weights import Weights
from ..layers.base import TRAIN
from ..schema import messages, rules, text, upgrade
from ..schema.places import label, place_of

Edit = Callable[[Any], Any]
"""NetParameter in, NetParameter out."""

TRAIN_FIELDS = ("net", "net_param", "train_net", "train_net_param")


def read(path: str, *, unknown: list[ParseError] | None = None) -> Any:
    """The NetParameter or SolverParameter of a text file, as it stands there: that of the two as which more of the file can be read.

    Raises the ParseError of that one. unknown: takes the errors for names that the message lacks, which are not raised then.
    """
    furthest: tuple[tuple[int, int], type[Any]] | None = None
    for kind in (messages.NetParameter, messages.SolverParameter):
        try:
            return text.load(path, kind)
        except ParseError as error:
            reached = (error.place.line, error.place.column) if error.place else (0, 0)
            if furthest is None or reached > furthest[0]:
                furthest = reached, kind
    assert furthest is not None
    return text.load(path, furthest[1], unknown=unknown)


def is_solver(message: Any) -> bool:
    return bool(message.DESCRIPTOR.name == "SolverParameter")


def load_net(path: str, *, python_layers: bool) -> Any:
    """The upgraded NetParameter of a text file. Raises ModelError for a Python layer unless they are allowed."""
    net = upgrade.load_net(path)
    return net if python_layers else without_python(net)


def of_weights(weights: Weights, *, python_layers: bool) -> Any:
    """The upgraded NetParameter that a weights file holds. Raises FormatError if it holds none, ModelError as `load_net` does."""
    message = weights.message() if weights.net_text else None
    if message is None:
        hint = "Name the net: --model train_val.prototxt"
        raise FormatError("does not hold the net that it belongs to", place=Place(weights.source), hint=hint)
    return message if python_layers else without_python(message)


def without_python(net: Any) -> Any:
    """The net itself. Raises ModelError if it has a Python layer."""
    for layer in net.layer:
        if layer.type == "Python":
            raise ModelError(
                "a Python layer runs code of the user's, which --no-python-layers forbids",
                place=place_of(layer, "type"),
                layer=label(layer),
            )
    return net


def edit_train_net(solver: Any, edit: Edit) -> Any:
    """The SolverParameter with an edited training net written in it. Where several training nets are named, it is left as it is."""
    named = [field for field in TRAIN_FIELDS if solver.HasField(field)]
    return _edit_one(solver, named[0], edit) if len(named) == 1 else solver


def edit_test_nets(solver: Any, edit: Edit) -> Any:
    """The SolverParameter with its own test nets, test_net and test_net_param, edited and written in it."""
    edited = _copy(solver)
    nets = [*solver.test_net_param, *(upgrade.load_net(path) for path in solver.test_net)]
    edited.ClearField("test_net")
    edited.ClearField("test_net_param")
    edited.test_net_param.extend(edit(upgrade.net(net)) for net in nets)
    return edited


def _edit_one(solver: Any, field: str, edit: Edit) -> Any:
    value = getattr(solver, field)
    net = upgrade.load_net(value) if isinstance(value, str) else upgrade.net(value)
    edited = _copy(solver)
    edited.ClearField(field)
    getattr(edited, field if field.endswith("_param") else f"{field}_param").CopyFrom(edit(net))
    return edited


def set_batch_size(net: Any, batch: int, *, phase: int = TRAIN, level: int = 0, stages: Sequence[str] = ()) -> Any:
    """The net with this batch_size in each data layer that it has in the state. Raises SolverError if there is none."""
    edited = _copy(net)
    state = messages.NetState(phase=phase, level=level, stage=stages)
    sources = [source for layer in edited.layer if rules.is_included(layer, state) for source in batched_fields(layer)]
    if not sources:
        raise SolverError(
            "--batch-size: the net has no data layer with a batch_size",
            place=place_of(net),
            hint="The batch of an Input or DummyData layer is the first number of its shape",
        )
    for source in sources:
        source.batch_size = batch
    return edited


def batched_fields(layer: Any) -> list[Any]:
    """The messages inside a LayerParameter that say a batch_size: data_param and its like."""
    return [value for field, value in layer.ListFields() if field.message_type and "batch_size" in field.message_type.fields_by_name]


def _copy(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy
