"""What layers that read records have in common. Caffe: src/caffe/layers/base_data_layer.cpp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..blob import Array, Blob, Shape
from ..data.pictures import PictureLoader
from ..data.prefetch import Batch, Prefetcher
from ..data.transform import Transform
from ..errors import DataError, FormatError
from ..schema.places import label, place_of
from .base import TRAIN, Layer, exactly


class DataLayer(Layer):
    """A layer whose tops are batches that threads have ready before they are asked for.

    A kind of source is a subclass: it says how to open it. The records are dealt to the ranks of a training net; a test net gets all.
    """

    bottoms = exactly(0)
    draws_for_records = True

    def open(self) -> Prefetcher:
        """The batches that the message asks for. Raises DataError or FormatError where that cannot be."""
        raise NotImplementedError

    def tops_of(self, batch: Batch) -> Sequence[Array]:
        """What the tops get of a batch: its arrays, where nothing else is said."""
        return batch.arrays

    def setup(self, bottom: Sequence[Shape]) -> None:
        with self.explained():
            self.feed = self.open()
            self._means: dict[int, Array | None] = {}
            self.top_shapes = self.feed.first_shapes()

    def reshape(self, bottom: Sequence[Shape]) -> list[Shape]:
        return self.top_shapes

    def forward(self, bottom: Sequence[Blob], top: Sequence[Blob]) -> None:
        if self.phase == TRAIN:
            self.feed.deal(self.rank, self.ranks)
        self.feed.leave_pixels(self.ops.takes_pixels)
        with self.explained():
            batch = self.feed.next(self.random.key)
        arrays = self.tops_of(batch)
        if batch.is_raw:
            self._upload_pixels(arrays[0], arrays[1], top[0])
            top, arrays = top[1:], arrays[2:]
        for blob, array in zip(top, arrays, strict=True):
            blob.reshape(array.shape)
            self.ops.upload(array, blob.data)
        self.feed.release(batch)

    def _upload_pixels(self, pixels: Array, windows: Array, top: Blob) -> None:
        """Let the ops transform what the loader has left."""
        assert isinstance(self.feed.loader, PictureLoader)
        transform, channels = self.feed.loader.transform, pixels.shape[1]
        if channels not in self._means:
            mean = transform.mean_of(channels)
            self._means[channels] = self.ops.asarray(mean) if mean.size else None
        top.reshape((len(pixels), *transform.out_shape(pixels.shape[1:])))
        self.ops.upload_pixels(pixels, windows, self._means[channels], top.data, scale=float(transform.scale))

    def backward(self, top: Sequence[Blob], propagate_down: Sequence[bool], bottom: Sequence[Blob]) -> None:
        pass

    def data_state(self) -> dict[str, Any]:
        return self.feed.state()

    def restore_data_state(self, state: dict[str, Any]) -> None:
        with self.explained():
            self.feed.restore(state)

    def close(self) -> None:
        self.feed.close()

    def positive(self, value: int, field: str) -> int:
        """The value of a field that must be written and above 0."""
        self.require(value > 0, f"{field.rpartition('.')[2]} is {value}", field=field, hint="It is 1 or more")
        return value

    def written(self, value: str, field: str) -> str:
        """The value of a field that must be written."""
        self.require(bool(value), f"{field.rpartition('.')[2]} is not written", field=field)
        return value

    def transform(self) -> Transform:
        """What the transform_param asks for."""
        return Transform.of(self.message.transform_param, train=self.phase == TRAIN)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Errors of the source also name the layer, and its place in the net's file if they name no other."""
        try:
            yield
        except (DataError, FormatError) as error:
            raise DataError(error.what, place=error.place or place_of(self.message), layer=label(self.message), hint=error.hint) from error
