from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..blob import Blob, Shape
from ..data.lists import read_lines
from ..errors import DataError
from ..formats import mat
from ..schema.places import label, place_of
from .base import LAYERS, Layer, at_least, exactly


@LAYERS.register("MatWrite")
class MatWrite(Layer):
    """Writes its bottoms into MATLAB's files.

    Shapes: any -> ().
    Formula: pass k, from 0 on, if `period` divides it, writes bottom i as the array `data`, (W, H, C, N), of the file
        PREFIX NAME _blob_i.mat; NAME is line k of `source` without its last `strip` characters, or iter_k where there is no source.
    Caffe: none; src/caffe/layers/mat_write_layer.cpp of TheLegendAli/DeepLab-Context and of hszhao/PSPNet.
    Differences: `source` is read at the first pass, not when the net is built.
    """

    type = "MatWrite"
    bottoms = at_least(1)
    tops = exactly(0)
    on_host = True

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.mat_write_param
        self.passes = 0
        self.names: list[str] | None = None
        self.period: int = param.period
        self.require(self.message.HasField("mat_write_param"), "mat_write_param is not written: it says the prefix of the files")
        self.require(param.period > 0, f"period is {param.period}", field="mat_write_param.period", hint="It is 1 or more")
        self.require(param.strip >= 0, f"strip is {param.strip}", field="mat_write_param.strip", hint="It is 0 or more")

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return []

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        if self.passes % self.period == 0:
            name = self._name()
            for index, blob in enumerate(bottom):
                mat.save(f"{self.message.mat_write_param.prefix}{name}_blob_{index}.mat", self.ops.to_host(blob.data))
        self.passes += 1

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        for blob, wanted in zip(bottom, propagate_down, strict=True):
            if wanted:
                self.ops.fill(blob.diff, 0)

    def data_state(self) -> dict[str, Any]:
        return {"passes": self.passes}

    def restore_data_state(self, state: dict[str, Any]) -> None:
        self.passes = int(state["passes"])

    def _name(self) -> str:
        """What stands between the prefix and the bottom's number in this pass."""
        param = self.message.mat_write_param
        if not param.source:
            return f"iter_{self.passes}"
        if self.names is None:
            self.names = [line.split()[0] for _, line in read_lines(param.source, "names of files")]
        if self.passes >= len(self.names):
            raise self._error(f"pass {self.passes + 1} has no name: {param.source!r} has {len(self.names)}")
        name = self.names[self.passes]
        if param.strip >= len(name):
            raise self._error(f"strip is {param.strip}, but {name!r} has {len(name)} characters")
        return name[: len(name) - param.strip]

    def _error(self, what: str) -> DataError:
        return DataError(what, place=place_of(self.message, "mat_write_param.source"), layer=label(self.message))
