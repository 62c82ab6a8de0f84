from __future__ import annotations

from collections.abc import Sequence

from ..blob import Blob, Shape
from ..data.hdf5_output import Hdf5Output
from .base import LAYERS, Layer, exactly


@LAYERS.register("HDF5Output")
class HDF5Output(Layer):
    """Writes its bottoms to an HDF5 file, as the datasets `data` and `label`.

    Shapes: (N, ...), (N, ...) -> ()
    Formula: the rows of each forward pass are added to those before.
    Caffe: src/caffe/layers/hdf5_output_layer.cpp.
    Differences: Caffe fails at the second forward pass. The file is made at the first pass, not when the net is built.
    """

    type = "HDF5Output"
    bottoms = exactly(2)
    tops = exactly(0)
    on_host = True

    def setup(self, bottom: Sequence[Shape]) -> None:
        path = self.message.hdf5_output_param.file_name
        self.require(bool(path), "file_name is not written", field="hdf5_output_param")
        self.output = Hdf5Output(path)

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        data, label = bottom
        self.require(
            data[:1] == label[:1] and len(data) > 0, f"its bottoms have the shapes {data} and {label}", hint="They need equally many rows"
        )
        return []

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.output.append({name: self.ops.to_host(blob.data) for name, blob in zip(("data", "label"), bottom, strict=True)})

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        pass
