"""Weights as .npz: `conv1/0` is the first array of layer conv1, and the net's prototxt stands beside, so that the file says its model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import numpy as np

from .. import __version__
from ..errors import FormatError, Place
from . import archive
from .weights import Weights

VERSION = 1


def save(path: str | os.PathLike[str], weights: Weights) -> None:
    """Write the weights; whole or not at all."""
    meta = {"kind": "weights", "version": VERSION, "netproto": __version__, "net": weights.text(), "layers": list(weights)}
    archive.save(path, ((f"{name}/{index}", array) for name, index, array in weights.arrays()), meta)


def load(path: str | os.PathLike[str]) -> Weights:
    """The weights of a .npz. Raises FormatError if it is broken, not of this kind, or of a version that is not known yet."""
    place = Place(os.fspath(path))
    arrays, meta = archive.load(path)
    check_meta(meta, "weights", place)
    weights = Weights(net_text=str(meta.get("net", "")), source=os.fspath(path))
    for name, index, array in by_layer(arrays, place):
        weights.put(name, index, array)
    return weights


def check_meta(meta: Mapping[str, object], kind: str, place: Place) -> None:
    """Raise FormatError unless a file with this description is of the kind that is wanted."""
    found, version = meta.get("kind", kind), meta.get("version", VERSION)
    if found != kind:
        raise FormatError(f"holds {found}, not {kind}", place=place, hint="Weights are in .npz, the state in .state.npz")
    if not isinstance(version, int) or version > VERSION:
        raise FormatError(f"is of version {version} of its format; {VERSION} is known here", place=place, hint="Install a newer netproto")


def by_layer(arrays: Mapping[str, np.ndarray], place: Place, most: int = 10_000) -> Iterator[tuple[str, int, np.ndarray]]:
    """(layer, index, array) for names of the form LAYER/INDEX; a layer's name may hold slashes."""
    for key, array in arrays.items():
        name, slash, index = key.rpartition("/")
        if not slash or not index.isdecimal() or int(index) >= most:
            raise FormatError(f"array {key!r} is not named LAYER/INDEX", place=place, hint="An example: conv1/0")
        yield name, int(index), array
