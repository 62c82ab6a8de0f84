"""The layers of a net as scripts see them. Caffe: the Layer of python/caffe/_caffe.cpp."""

from __future__ import annotations

from collections.abc import Sequence

from ..host_blob import HostBlob
from ..layers.base import Layer as CoreLayer
from ..layers.python import Python, UserLayer
from .blob import Blob


class NetLayer:
    """A layer that is not the user's: its type and its learned blobs."""

    def __init__(self, core: CoreLayer):
        self._core = core
        self.blobs: list[HostBlob] = [Blob(blob) for blob in core.blobs]

    @property
    def type(self) -> str:
        """The layer's type, as a net file writes it."""
        return str(self._core.message.type)

    def setup(self, bottom: Sequence[HostBlob], top: Sequence[HostBlob]) -> None:
        """Nothing: a layer is set up with its net."""

    def reshape(self, bottom: Sequence[HostBlob], top: Sequence[HostBlob]) -> None:
        """Give the tops the shapes that the layer would give them for these bottoms. Raises ModelError where they do not fit."""
        for blob, shape in zip(top, self._core.reshape([b.shape for b in bottom]), strict=True):
            blob.reshape(*shape)

    def __repr__(self) -> str:
        return f"<{self.type} layer {self._core.name!r}>"


def face(core: CoreLayer) -> NetLayer | UserLayer:
    """What a script sees of a layer: of a Python layer, the very object that the user's class made."""
    return core.user if isinstance(core, Python) else NetLayer(core)
