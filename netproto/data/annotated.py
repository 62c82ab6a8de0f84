"""Images with boxes: AnnotatedDatum, the record of SSD's databases, and batches made of them.

Caffe: none; annotated_data_layer.cpp and data_transformer.cpp of weiliu89/caffe, branch ssd.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import DataError
from ..formats.wire import LENGTH, VARINT, Reader, WireError
from . import datum, image
from .augment import LABEL, Augmentation, cut
from .draws import subkey
from .prefetch import Loader, Shape
from .source import Record
from .transform import Transform

DATUM, TYPE, GROUP = 1, 2, 3
YOLO_ROWS = 300
"""Objects of an image in the labels of MobileNet-YOLO."""


@dataclass(slots=True)
class Annotated:
    """A parsed record. boxes: (n, 7) of class, instance, xmin, ymin, xmax, ymax, difficult. typed: whether it says that it has boxes."""

    datum: datum.Datum
    boxes: np.ndarray
    typed: bool


def parse(value: memoryview | bytes) -> Annotated:
    """An AnnotatedDatum message. Raises DataError if it is none."""
    from google.protobuf.message import DecodeError

    from ..schema import messages

    reader, inner, typed, rows = Reader(value), datum.Datum(), False, []
    try:
        while reader.more():
            number, wire = reader.tag()
            if number == DATUM and wire == LENGTH:
                start, stop = reader.span()
                inner = datum.parse(memoryview(value)[start:stop])
            elif number == TYPE and wire == VARINT:
                typed = reader.varint() == 0
            elif number == GROUP and wire == LENGTH:
                start, stop = reader.span()
                group = messages.AnnotationGroup.FromString(bytes(value[start:stop]))
                for annotation in group.annotation:
                    box = annotation.bbox
                    place = box.xmin, box.ymin, box.xmax, box.ymax
                    rows.append((group.group_label, annotation.instance_id, *place, box.difficult))
            else:
                reader.skip(wire)
    except (WireError, DecodeError) as error:
        raise DataError(f"is no AnnotatedDatum, or a broken one: {error}") from error
    return Annotated(inner, np.array(rows, np.float32).reshape(-1, 7), typed)


class AnnotatedLoader(Loader):
    """AnnotatedDatum records -> the image, transformed, and its objects.

    objects: "" for none; "rows" for as many rows of 8 as the image with most boxes in a batch needs: item, class, instance, xmin, ymin,
    xmax, ymax, difficult, the item being -1 in rows that are not needed; "yolo" for 300 rows of 5: class from 0 on, x, y, width, height.
    typed: whether all records are taken to have boxes. Records without a type have a label only, one number.
    """

    def __init__(self, transform: Transform, augmentation: Augmentation, *, objects: str, typed: bool = False, difficult: bool = True):
        self.transform, self.augmentation = transform, augmentation
        self.objects, self.typed, self.difficult = objects, typed, difficult

    def shapes(self, first: Record) -> list[Shape]:
        return [shape[1:] for shape in self.batch_shapes([first], 1)]

    def batch_shapes(self, records: Sequence[Record], batch_size: int) -> list[Shape]:
        parsed = [self._parsed(record) for record in records] if self.objects == "rows" else [self._parsed(records[0])]
        height, width, channels = self._picture_shape(parsed[0].datum)
        data = self.transform.out_shape((channels, *self.augmentation.size(height, width)))
        if not self.objects:
            return [(batch_size, *data)]
        if not (parsed[0].typed or self.typed):
            return [(batch_size, *data), (batch_size, 1, 1, 1)]
        rows = max(1, *(len(each.boxes) for each in parsed)) if len(parsed) > 1 else max(1, len(parsed[0].boxes))
        return [(batch_size, *data), (batch_size, rows, 8) if self.objects == "rows" else (batch_size, 1, YOLO_ROWS, 5)]

    def fill(self, records: Sequence[Record], arrays: Sequence[np.ndarray], start: int) -> None:
        for item, record in enumerate(records, start):
            try:
                self._load(record, [array[item] for array in arrays], item)
            except DataError as error:
                raise self.named(error, record) from error

    def _load(self, record: Record, out: Sequence[np.ndarray], item: int) -> None:
        parsed = parse(record.value)
        picture = _picture(parsed.datum, self.transform)
        draws = np.random.Generator(np.random.Philox(key=[subkey(self.key, "augment"), record.ordinal]))
        picture, boxes = self.augmentation.apply(picture, parsed.boxes, draws)
        planes = image.planes(picture)
        self.transform.apply(planes, out[0], key=self.key, ordinal=record.ordinal)
        if len(out) == 1:
            return
        if out[1].shape == (1, 1, 1):
            out[1][...] = parsed.datum.label
        elif not (parsed.typed or self.typed):
            raise DataError("has no annotation type, but the first record of its batch has", hint="anno_type: BBOX takes all as boxes")
        else:
            self._write_objects(self._in_window(boxes, planes.shape, record.ordinal), out[1], item)

    def _in_window(self, boxes: np.ndarray, shape: Shape, ordinal: int) -> np.ndarray:
        """The boxes in parts of the window that the transform takes of an image, mirrored with it."""
        top, left, flip = self.transform.window(shape, self.key, ordinal)
        _, height, width = self.transform.out_shape(shape)
        window = np.array([left / shape[2], top / shape[1], (left + width) / shape[2], (top + height) / shape[1]], np.float32)
        boxes = cut(boxes, window, self.augmentation.emit)
        if flip:
            boxes[:, [2, 4]] = 1 - boxes[:, [4, 2]]
        return boxes

    def _write_objects(self, boxes: np.ndarray, out: np.ndarray, item: int) -> None:
        if self.objects == "rows":
            out[...] = -1
            out[: len(boxes), 0], out[: len(boxes), 1:] = item, boxes
            return
        if not self.difficult:
            boxes = boxes[boxes[:, 6] == 0]
        boxes = boxes[:YOLO_ROWS]
        corner, size = boxes[:, 2:4], boxes[:, 4:6] - boxes[:, 2:4]
        out[...] = 0
        out[0, : len(boxes)] = np.concatenate([boxes[:, LABEL : LABEL + 1] - 1, corner + size / 2, size], axis=1)

    def _parsed(self, record: Record) -> Annotated:
        try:
            return parse(record.value)
        except DataError as error:
            raise self.named(error, record) from error

    def _picture_shape(self, inner: datum.Datum) -> tuple[int, int, int]:
        if inner.encoded:
            return image.size(inner.data, color=_color(self.transform))
        channels, height, width = datum.pixels(inner).shape
        return height, width, channels


def used_rows(objects: np.ndarray) -> np.ndarray:
    """The rows of a batch's objects (N, rows, 8) that are needed, as (1, 1, K, 8); one row of -1 where there are none."""
    rows = objects.reshape(-1, 8)
    used = rows[rows[:, 0] >= 0]
    return (used if len(used) else np.full((1, 8), -1, np.float32)).reshape(1, 1, -1, 8)


def _picture(inner: datum.Datum, transform: Transform) -> np.ndarray:
    """The image as uint8, (height, width, channels)."""
    planes = datum.pixels(inner, force_color=transform.force_color, force_gray=transform.force_gray)
    if planes.dtype != np.uint8:
        raise DataError("holds floats, but an image of bytes is wanted")
    return np.ascontiguousarray(planes.transpose(1, 2, 0))


def _color(transform: Transform) -> bool | None:
    return True if transform.force_color else False if transform.force_gray else None
