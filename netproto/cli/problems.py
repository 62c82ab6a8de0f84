"""What is wrong with a net, all of it: after a problem, the layers that do not depend on it are examined still."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import ModelError, NetprotoError, ParseError, Place, did_you_mean
from ..layers import LAYERS
from ..net.graph import build
from ..net.splits import insert_splits
from ..schema import messages, rules
from ..schema.places import label, place_of
from . import guesses

PHASES = ("TRAIN", "TEST")


class Report:
    """Problems, each once, with the phases in which it shows; and notes about what could not be examined."""

    def __init__(self) -> None:
        self.problems: dict[str, set[int]] = {}
        self.notes: list[str] = []
        self.examined: dict[int, int] = {}
        """Phase -> number of layers."""

    def problem(self, error: NetprotoError, phase: int | None = None) -> None:
        self.problems.setdefault(str(error), set()).add(-1 if phase is None else phase)

    def enter_unknown(self, message: Any | None, errors: Sequence[ParseError]) -> None:
        """Enter the names that the schema lacks, each once, and the types of layers that are not here, as far as the message was read."""
        missing: list[NetprotoError] = [*errors]
        if message is not None and message.DESCRIPTOR.name == "NetParameter":
            missing += [_unknown_type(layer) for layer in _of_unknown_type(message) if layer.type]
        alike: dict[str, list[NetprotoError]] = {}
        for error in sorted(missing, key=_position):
            alike.setdefault(error.what, []).append(error)
        for first, *others in alike.values():
            more = "" if not others else " (and once more)" if len(others) == 1 else f" (and {len(others)} times more)"
            self.problems[f"{first}{more}"] = {-1}

    def note(self, place: Place | None, text: str) -> None:
        line = f"{place}: note: {text}" if place else f"note: {text}"
        if line not in self.notes:
            self.notes.append(line)

    def examine(self, net: Any, phase: int, level: int, stages: Sequence[str]) -> None:
        """Enter what is wrong with an upgraded NetParameter in a state."""
        state = messages.NetState(phase=phase, level=level, stage=stages)
        filtered = rules.filter_net(net, state)
        if not any(_makes_data(layer) for layer in filtered.layer) and any(_makes_data(layer) for layer in net.layer):
            self._note_no_data(net, phase)
            return
        self.examined[phase] = len(filtered.layer)
        for error in self._persistent_errors(filtered, phase):
            self.problem(error, phase)

    def lines(self, path: str) -> Iterator[str]:
        """The problems and notes, or that all is well."""
        for text, phases in self.problems.items():
            only = phases.intersection(self.examined)
            yield f"{text} (in phase {PHASES[only.pop()]})" if len(only) == 1 and len(self.examined) > 1 else text
        yield from self.notes
        if not self.problems:
            counts = ", ".join(f"{n} layers in phase {PHASES[phase]}" for phase, n in self.examined.items())
            yield f"{path}: no problem found{': ' if counts else ''}{counts}"

    def _note_no_data(self, net: Any, phase: int) -> None:
        stages = sorted({stage for layer in net.layer for rule in layer.include for stage in rule.stage})
        hint = f"; its layers know the stages {', '.join(stages)}: --stage" if stages else ""
        self.note(place_of(net), f"the net has no data layer in phase {PHASES[phase]}, so it is not examined there{hint}")

    def _persistent_errors(self, net: Any, phase: int) -> list[NetprotoError]:
        """The errors that the net has whatever its data is: those that are there for each guess at the data that is not here."""
        for layer, why in guesses.unknown(net):
            self.note(place_of(layer), f"{label(layer)}: {why}; what depends on its shapes is not examined. --input TOP=D,D,... says them")
        found = [errors_of(guess, phase) for guess in guesses.guessed(net)]
        return [error for place, error in found[0].items() if all(place in other for other in found)]


def _position(error: NetprotoError) -> tuple[int, int]:
    return (error.place.line, error.place.column) if error.place else (0, 0)


def _makes_data(layer: Any) -> bool:
    return not layer.bottom and bool(layer.top)


Where = tuple[str, str]
"""The place and the label of the layer of an error."""


def errors_of(net: Any, phase: int) -> dict[Where, NetprotoError]:
    """What is wrong with a filtered NetParameter. Layers that depend on a wrong or an unknown one are left out after that."""
    rest = _Rest(net)
    for layer, _ in guesses.unknown(net):
        rest.leave_out(layer)
    for layer in _of_unknown_type(net):
        rest.fail(layer, _unknown_type(layer))
    while True:
        try:
            build(insert_splits(rest.net), phase)
            return rest.errors
        except NetprotoError as error:
            culprit = rest.culprit(error)
            rest.fail(culprit, error if culprit is None else _placed(error, culprit))
            if culprit is None:
                return rest.errors


def _placed(error: NetprotoError, layer: Any) -> NetprotoError:
    """The error at the layer's place, where it only names a file that the layer reads."""
    if error.place is None or error.place.line:
        return error
    return ModelError(f"{error.place}: {error.what}", place=place_of(layer), layer=label(layer), hint=error.hint)


def _of_unknown_type(net: Any) -> list[Any]:
    return [layer for layer in net.layer if layer.type not in LAYERS and layer.type != "Python"]


def _unknown_type(layer: Any) -> ModelError:
    return ModelError(
        f"unknown layer type {layer.type!r}", place=place_of(layer, "type"), layer=label(layer), hint=did_you_mean(layer.type, LAYERS)
    )


class _Rest:
    """A net that shrinks as problems are found."""

    def __init__(self, net: Any):
        self.net = type(net)()
        self.net.CopyFrom(net)
        self.errors: dict[Where, NetprotoError] = {}

    def fail(self, layer: Any | None, error: NetprotoError) -> None:
        self.errors.setdefault((str(error.place), error.layer), error)
        if layer is not None:
            self.leave_out(layer)

    def culprit(self, error: NetprotoError) -> Any | None:
        """The layer that an error is about, if it can be told."""
        named = [layer for layer in self.net.layer if label(layer) == error.layer]
        line = error.place.line if error.place else 0
        return max(
            (layer for layer in named if layer.place.line <= line), key=lambda layer: layer.place.line, default=named[0] if named else None
        )

    def leave_out(self, wrong: Any) -> None:
        """Remove a layer and what depends on it."""
        kept, lost, past = [], set(), False
        for layer in self.net.layer:
            if layer == wrong and not past:
                past = True
                lost.update(layer.top)
            elif lost.intersection(layer.bottom):
                lost.update(layer.top)
            else:
                kept.append(layer)
        layers = [type(wrong).FromString(layer.SerializeToString()) for layer in kept]
        del self.net.layer[:]
        self.net.layer.extend(layers)
