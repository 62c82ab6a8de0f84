"""What goes wrong, said so that a user can act: the place, the layer, what came, what was wanted, what to try.

Every error that bad input can cause derives from `NetprotoError`; `cli/` prints it as one line and exits with 1.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where in a file something stands; line and column count from 1, 0 when unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class NetprotoError(Exception):
    """An error that the user can mend.

    what: what came and what was wanted, without a closing full stop.
    place: where it stands, if a file is to blame.
    layer: the label of the layer concerned, as `layer 'conv1' (Convolution)`.
    hint: what to try.
    """

    def __init__(self, what: str, *, place: Place | None = None, layer: str = "", hint: str = ""):
        self.what, self.place, self.layer, self.hint = what, place, layer, hint
        parts = [str(place)] if place else []
        parts += [layer] if layer else []
        super().__init__(": ".join([*parts, what]) + (f". {hint}" if hint else ""))


class ParseError(NetprotoError):
    """A prototxt or protobuf file that cannot be read."""


class ModelError(NetprotoError):
    """A net that cannot be: an unknown layer type, blobs that do not connect, shapes that do not fit."""


class SolverError(NetprotoError):
    """A solver file whose settings cannot be obeyed, or a training run that cannot go on."""


class DataError(NetprotoError):
    """A data source that is missing, broken, or holds what the net cannot use."""


class FormatError(NetprotoError):
    """A weights, state or mean file that is broken or does not fit."""


class DeviceError(NetprotoError):
    """A device that is not there, or cannot do what was asked."""


def did_you_mean(name: str, known: Iterable[str], *, most: int = 3, prefix: str = "") -> str:
    """The nearest of the known names as a sentence, or all of them if none is near and they are few; else ''.

    prefix: what is written before each name, and says nothing of how near two are.
    """
    known = sorted(set(known))
    folded = {k.lower(): k for k in known}
    near = [folded[k] for k in difflib.get_close_matches(name.lower(), folded, n=most, cutoff=0.6)]
    if near:
        return "Did you mean " + " or ".join(repr(prefix + n) for n in near) + "?"
    if known and len(known) <= 12:
        return "Known: " + ", ".join(prefix + n for n in known)
    return ""
