"""Weights that Keras saved as HDF5: `model.save_weights` and `model.save` of Keras 2 and 3 (.h5), and Keras 3's .weights.h5.

Keras lays pictures out as (height, width, channels), kernels as (height, width, inputs, outputs) and dense layers as (inputs, outputs).
What is given here is laid out as Caffe does: (outputs, inputs, height, width) and (outputs, inputs).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..errors import FormatError, Place
from . import files, hdf5
from .weights import HDF5_MAGIC, Weights

if TYPE_CHECKING:
    import h5py

WHOLE_MODEL, OLD_INDEX, NEW_LAYERS = "model_weights", "layer_names", "layers"


def is_keras(path: str | os.PathLike[str]) -> bool:
    """Whether the file is HDF5 and holds what Keras saves. Raises FormatError if it is missing or broken."""
    if not files.beginning(path).startswith(HDF5_MAGIC):
        return False
    with hdf5.opened(path) as file:
        return WHOLE_MODEL in file or OLD_INDEX in file.attrs or NEW_LAYERS in file


def load(path: str | os.PathLike[str]) -> Weights:
    """The layers that have weights, by Keras's names, kernels turned; layers of one kind in the order of the model.

    Raises FormatError for a file that is broken, or an array that no convolution or dense layer has.
    """
    weights = Weights(source=os.fspath(path))
    with hdf5.opened(path) as file:
        group = file.get(WHOLE_MODEL, file)
        for name, arrays in _old(group) if OLD_INDEX in group.attrs else _new(file[NEW_LAYERS]):
            if arrays:
                weights[name] = [_turned(path, name, array) for array in arrays]
    return weights


def _old(group: h5py.Group) -> Iterator[tuple[str, list[np.ndarray]]]:
    for name in map(_text, group.attrs[OLD_INDEX]):
        layer = group[name]
        yield name, [np.asarray(layer[_text(weight)], np.float32) for weight in layer.attrs["weight_names"]]


def _new(group: h5py.Group) -> Iterator[tuple[str, list[np.ndarray]]]:
    for name in sorted(group, key=_numbered):
        variables = group[name].get("vars", {})
        yield name, [np.asarray(variables[key], np.float32) for key in sorted(variables, key=int)]


def _turned(path: str | os.PathLike[str], name: str, array: np.ndarray) -> np.ndarray:
    if array.ndim == 4:
        return np.ascontiguousarray(array.transpose(3, 2, 0, 1))
    if array.ndim in (1, 2):
        return np.ascontiguousarray(array.T)
    raise FormatError(
        f"layer {name!r} has an array of the shape {array.shape}, which is neither a kernel nor a bias", place=Place(os.fspath(path))
    )


def _numbered(name: str) -> tuple[str, int]:
    """conv2d, conv2d_1, conv2d_2, ..., conv2d_10: the number behind the last underscore counts."""
    stem, number = re.fullmatch(r"(.*?)(?:_(\d+))?", name).groups()  # type: ignore[union-attr]
    return stem, int(number or 0)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
