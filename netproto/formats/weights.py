"""Weights: what a net has learned, by layer name, and the files that hold them.

`load` looks at what is in the file, `save` at the name that it is to have. Which arrays a net takes is the net's own business.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import FormatError, Place
from . import files

if TYPE_CHECKING:
    import numpy as np

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
ZIP_MAGIC = b"PK\x03\x04"

SUFFIXES = {".npz": "npz", ".caffemodel": "caffemodel", ".h5": "hdf5", ".hdf5": "hdf5", ".safetensors": "safetensors"}


class Weights(dict[str, "list[np.ndarray | None]"]):
    """Layer name -> its learned arrays, in the order of the file or net. Layers without any are left out.

    None stands where a file leaves out an array because another layer shares it (HDF5). Arrays that were loaded may be read-only, may not
    be aligned, and are views of the file: copy them before you change them.
    net_text: the prototxt of the net they belong to, "" if unknown. message: a NetParameter with its layers, or a function that gives it.
    source: the file they were loaded from.
    """

    def __init__(
        self,
        arrays: Mapping[str, Sequence[np.ndarray | None]] | Iterable[tuple[str, Sequence[np.ndarray | None]]] = (),
        *,
        net_text: str = "",
        message: Any | Callable[[], Any] = None,
        source: str = "",
    ):
        super().__init__((name, list(values)) for name, values in dict(arrays).items())
        self.net_text = net_text
        self.source = source
        self._message = message

    def message(self) -> Any | None:
        """A NetParameter with the layers that the arrays belong to, its own arrays left out; None if neither it nor a text is known."""
        if callable(self._message):
            self._message = self._message()
        if self._message is None and self.net_text:
            from ..schema import messages, text, upgrade

            self._message = upgrade.net(text.parse(self.net_text, messages.NetParameter, file=self.source or "net"))
        return self._message

    def text(self) -> str:
        """The prototxt of the net they belong to, "" if unknown."""
        if not self.net_text and (message := self.message()) is not None:
            from ..schema import text

            return text.dump(message)
        return self.net_text

    def arrays(self) -> Iterable[tuple[str, int, np.ndarray]]:
        """(layer name, index, array) of all that are there."""
        for name, values in self.items():
            for index, array in enumerate(values):
                if array is not None:
                    yield name, index, array

    def complete(self) -> list[str]:
        """The layers all of whose arrays are there."""
        return [name for name, values in self.items() if all(array is not None for array in values)]

    def put(self, name: str, index: int, array: np.ndarray) -> None:
        """Enter an array, with None for those before it that are not there yet."""
        values = self.setdefault(name, [])
        values.extend([None] * (index + 1 - len(values)))
        values[index] = array


def load(path: str | os.PathLike[str]) -> Weights:
    """Read weights of any format, told by their first bytes. Raises FormatError if the file is missing, broken, or no weights file."""
    path = os.fspath(path)
    start = files.beginning(path)
    if start.startswith(ZIP_MAGIC):
        from . import npz

        return npz.load(path)
    if start.startswith(HDF5_MAGIC):
        from . import hdf5

        return hdf5.load(path)
    if start[8:9] == b"{":
        from . import safetensors

        return safetensors.load(path)
    from . import caffemodel

    return caffemodel.load(path)


def save(path: str | os.PathLike[str], weights: Weights) -> None:
    """Write weights in the format of the name's suffix: .npz, .caffemodel, .h5 or .safetensors; whole or not at all."""
    path = os.fspath(path)
    kind = SUFFIXES.get(os.path.splitext(path)[1].lower())
    if kind is None:
        raise FormatError("no weights format has this suffix", place=Place(path), hint=f"Use one of {', '.join(SUFFIXES)}")
    if kind == "npz":
        from . import npz

        npz.save(path, weights)
    elif kind == "hdf5":
        from . import hdf5

        hdf5.save(path, weights)
    elif kind == "safetensors":
        from . import safetensors

        safetensors.save(path, weights)
    else:
        from . import caffemodel

        caffemodel.save(path, weights)


LEGACY_RANKS = (4, 5)


def fits(file_shape: Sequence[int], wanted_shape: Sequence[int]) -> bool:
    """Whether an array of a file may fill a learned array: equal shapes, or 4 legacy dims (C3D: 5) that say the same with 1s in front.

    Caffe: Blob::ShapeEquals. (1, 1, 1, 5) fits (5,) and (1, 1, 3, 5) fits (3, 5), but (3, 5, 1, 1) does not.
    """
    file_shape, wanted_shape = tuple(file_shape), tuple(wanted_shape)
    if len(file_shape) in LEGACY_RANKS:
        return file_shape == (1,) * (len(file_shape) - len(wanted_shape)) + wanted_shape
    return file_shape == wanted_shape
