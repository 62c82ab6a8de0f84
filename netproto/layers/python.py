"""Python: a layer that users write in Python, for pycaffe or for netproto."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import caffe_name
from ..blob import Blob, Shape
from ..errors import ModelError, did_you_mean
from ..host_blob import HostBlob, HostBlobs
from .base import LAYERS, TRAIN, Layer, at_least

PACKAGE = str(Path(caffe_name.__file__).parent / "_")[:-1]


class UserLayer:
    """What a layer written by a user derives from: `caffe.Layer`.

    It defines setup(bottom, top), reshape(bottom, top), forward(bottom, top) and backward(top, propagate_down, bottom), whose blobs are
    HostBlobs. `param_str` and `phase` are those of the file; `blobs` holds what it learns: `self.blobs.add_blob(*shape)` in setup.
    """

    type: str = "Python"
    param_str: str = ""
    phase: int = TRAIN
    blobs: HostBlobs

    def __new__(cls, *args: Any, **kwargs: Any) -> UserLayer:
        self = super().__new__(cls)
        self.blobs = HostBlobs()
        return self

    def __init__(self, param: Any = None):
        """param: the LayerParameter. Layers that override this need not call it."""

    @property
    def param_str_(self) -> str:
        """The name of `param_str` before Caffe 1.0."""
        return self.param_str


class UserError(ModelError):
    """An error in the user's code, which is its `__cause__`."""


@LAYERS.register("Python")
class Python(Layer):
    """A layer that users write in Python.

    Shapes: what the user's `reshape` gives the tops. Learned: the blobs that the user's `setup` adds, with the values it gives them.
    Formula: the user's; `python_param` names its module, found as Python finds modules, and its class, and carries `param_str`.
    Caffe: include/caffe/layers/python_layer.hpp, python/caffe/_caffe.cpp.
    Differences: `reshape` is called with blobs of zeros to learn the shapes of the net, then before every forward pass as in Caffe; an
        error in the user's code is a ModelError that names its file and line; `share_in_parallel` changes nothing.
    """

    type = "Python"
    bottoms = at_least(0)
    tops = at_least(0)
    on_host = True
    in_place = True

    def setup(self, bottom: Sequence[Shape]) -> None:
        self.user = self._make()
        self.user.param_str = self.message.python_param.param_str
        self.user.phase = self.phase
        self._top_shapes: list[Shape] = [()] * len(self.message.top)
        self._shapes_known_for: list[Shape] | None = None
        bottoms, tops = self._stand_ins(bottom)
        self._call("setup", bottoms, tops)
        self._top_shapes = [t.shape for t in tops]
        for blob in self.user.blobs:
            self.declare_param(blob.shape)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        if self._shapes_known_for != list(bottom):
            bottoms, tops = self._stand_ins(bottom)
            self._call("reshape", bottoms, tops)
            self._top_shapes = [t.shape for t in tops]
            self._shapes_known_for = list(bottom)
        return list(self._top_shapes)

    def prepare(self, top: Sequence[Blob]) -> None:
        """Carry what the user's setup gave its blobs to those of the net, and let it see these from now on."""
        for mine, blob in zip(self.user.blobs, self.blobs, strict=True):
            self.ops.copy(self.ops.asarray(mine.data), blob.data)
            mine.bind(blob)

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        bottoms, tops = self._faces(bottom, top)
        self._call("reshape", bottoms, tops)
        self._call("forward", bottoms, tops)
        self._push(bottoms, tops)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        bottoms, tops = self._faces(bottom, top)
        self._call("backward", tops, list(propagate_down), bottoms)
        self._push(bottoms, tops)

    def _stand_ins(self, bottom: Sequence[Shape]) -> tuple[list[HostBlob], list[HostBlob]]:
        """Blobs of zeros for before there is a net. A top that is its bottom is the same blob."""
        bottoms = [HostBlob.stand_in(shape) for shape in bottom]
        names = list(self.message.bottom)
        tops = [
            bottoms[j] if names[j : j + 1] == [name] else HostBlob.stand_in(shape)
            for j, (name, shape) in enumerate(zip(self.message.top, self._top_shapes, strict=True))
        ]
        return bottoms, tops

    def _faces(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> tuple[list[HostBlob], list[HostBlob]]:
        """The net's blobs as the user's code wants them. A blob that is bottom and top is one face."""
        faces = {id(blob): HostBlob(blob) for blob in (*bottom, *top)}
        return [faces[id(b)] for b in bottom], [faces[id(t)] for t in top]

    def _push(self, bottoms: list[HostBlob], tops: list[HostBlob]) -> None:
        for face in (*bottoms, *tops, *self.user.blobs):
            face.push()

    # -- the user's code -----------------------------------------------------------------------------------------------------

    def _make(self) -> UserLayer:
        """An instance of the class that the file names."""
        param = self.message.python_param
        module = self._import(param.module)
        kind: Any = getattr(module, param.layer, None)
        self.require(
            kind is not None,
            f"module {param.module!r} has no class {param.layer!r}",
            field="python_param.layer",
            hint=did_you_mean(param.layer, [n for n, v in vars(module).items() if isinstance(v, type)]),
        )
        self.require(
            isinstance(kind, type) and issubclass(kind, UserLayer),
            f"{param.module}.{param.layer} does not derive from caffe.Layer",
            field="python_param.layer",
            hint="`import caffe` in the layer's module finds netproto's own",
        )
        try:
            made: UserLayer = kind(self.message)
        except Exception as error:
            raise self._blame(f"{param.layer}()", error) from error
        return made

    def _import(self, name: str) -> Any:
        self.require(bool(name), "python_param.module is not given", field="python_param", hint="It names the module of the layer's class")
        caffe_name.offer()
        try:
            return importlib.import_module(name)
        except Exception as error:
            if isinstance(error, ModuleNotFoundError) and error.name and (name + ".").startswith(error.name + "."):
                hint = f"Add the folder of {name}.py to PYTHONPATH"
                raise self.error(f"there is no module {name!r}", field="python_param.module", hint=hint) from error
            raise self._blame(f"importing {name}", error) from error

    def _call(self, method: str, *args: Any) -> None:
        name = f"{type(self.user).__name__}.{method}"
        function: Any = getattr(self.user, method, None)
        self.require(callable(function), f"the user's layer has no {name}", field="python_param.layer")
        try:
            function(*args)
        except Exception as error:
            raise self._blame(name, error) from error

    def _blame(self, what: str, error: Exception) -> UserError:
        """A UserError with the file and line where the user's code went wrong."""
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        told = self.error(f"{what} failed at {_culprit(error)}: {said}", field="python_param")
        return UserError(told.what, place=told.place, layer=told.layer)


def _culprit(error: Exception) -> str:
    """file:line of the deepest code of the user's on the way to an error, rather than of a library that it called."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith((PACKAGE, "<frozen"))]
    own = [f for f in frames if "site-packages" not in f.filename] or frames
    return f"{own[-1].filename}:{own[-1].lineno}" if own else "a place unknown"
