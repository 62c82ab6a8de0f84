from __future__ import annotations

from collections.abc import Sequence

from ..blob import Array, Blob, Shape
from .base import LAYERS, Layer, exactly


@LAYERS.register("MemoryData")
class MemoryData(Layer):
    """Arrays of the caller's, batch by batch, over and over.

    Shapes: () -> (batch_size, channels, height, width), (batch_size,).
    Formula: top[0] and top[1] = the next batch_size rows of the arrays that `reset` was given.
    Caffe: src/caffe/layers/memory_data_layer.cpp.
    Differences: none for arrays; there is no AddMatVector.
    """

    type = "MemoryData"
    bottoms = exactly(0)
    tops = exactly(2)

    def setup(self, bottom: Sequence[Shape]) -> None:
        param = self.message.memory_data_param
        self.image_shape = (param.batch_size, param.channels, param.height, param.width)
        self.require(
            all(self.image_shape),
            f"batch_size, channels, height and width are {self.image_shape}",
            field="memory_data_param",
            hint="Write all four; each is 1 or more",
        )
        self.data: Array = None
        self.labels: Array = None
        self.position = 0

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return [self.image_shape, self.image_shape[:1]]

    def reset(self, data: Array, labels: Array) -> None:
        """Take arrays of (n, channels, height, width) and n labels; n is a multiple of batch_size. Raises ModelError if they do not fit."""
        shape, batch_size = tuple(data.shape), self.image_shape[0]
        self.require(
            shape[1:] == self.image_shape[1:] and shape[0] and shape[0] % batch_size == 0,
            f"the data has the shape {shape}, the layer takes a multiple of {self.image_shape}",
        )
        self.require(labels.size == shape[0], f"there are {labels.size} labels for {shape[0]} images")
        self.data, self.labels, self.position = data, labels.reshape(-1), 0

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        self.require(self.data is not None, "it has no data yet", hint="Give it arrays first: net.set_input_arrays(data, labels)")
        rows = slice(self.position, self.position + self.image_shape[0])
        for blob, array in zip(top, (self.data, self.labels), strict=True):
            self.ops.upload(array[rows], blob.data)
        self.position = rows.stop % len(self.data)

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        pass
