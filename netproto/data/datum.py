"""Datum, the record of Caffe's databases: a raw image, an encoded one, or floats, with a label.

Caffe: src/caffe/util/io.cpp. Parsed by hand: a raw image is a view of the database's memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import DataError
from ..formats.wire import FIXED32, LENGTH, VARINT, Reader, WireError, joined
from . import image

CHANNELS, HEIGHT, WIDTH, DATA, LABEL, FLOAT_DATA, ENCODED = range(1, 8)
INTEGERS = {CHANNELS: "channels", HEIGHT: "height", WIDTH: "width", LABEL: "label", ENCODED: "encoded"}
UINT8 = np.dtype(np.uint8)


@dataclass(slots=True)
class Datum:
    """A parsed record. data: bytes of the image, raw or encoded. float_data: values in their place."""

    channels: int = 0
    height: int = 0
    width: int = 0
    data: memoryview = field(default_factory=lambda: memoryview(b""))
    label: int = 0
    float_data: np.ndarray | None = None
    encoded: int = 0


def parse(value: memoryview | bytes) -> Datum:
    """A Datum message. Raises DataError if it is none."""
    datum, reader, floats = Datum(), Reader(value), []
    try:
        while reader.more():
            number, wire = reader.tag()
            if number == DATA and wire == LENGTH:
                start, stop = reader.span()
                datum.data = memoryview(value)[start:stop]
            elif number in INTEGERS and wire == VARINT:
                setattr(datum, INTEGERS[number], reader.signed())
            elif number == FLOAT_DATA and wire in (LENGTH, FIXED32):
                floats.append(reader.numbers(wire, "<f4"))
            else:
                reader.skip(wire)
    except WireError as error:
        raise DataError(f"is no Datum, or a broken one: {error}") from error
    if floats:
        datum.float_data = np.require(joined(floats, "<f4"), np.float32, ["ALIGNED"])
    return datum


def pixels(datum: Datum, *, force_color: bool = False, force_gray: bool = False) -> np.ndarray:
    """The image as (channels, height, width), uint8 or float32, BGR; force_color and force_gray act on encoded images only.

    Raises DataError if it cannot be decoded, or does not have as many values as it says.
    """
    if datum.encoded:
        return image.planes(image.decode(datum.data, color=True if force_color else False if force_gray else None))
    shape = (datum.channels, datum.height, datum.width)
    if min(shape) < 1:
        raise DataError(f"says that its image has the shape {shape}")
    values = np.frombuffer(datum.data, UINT8) if len(datum.data) or datum.float_data is None else datum.float_data
    if values.size != shape[0] * shape[1] * shape[2]:
        raise DataError(f"says that its image has the shape {shape}, but holds {values.size} values")
    return values.reshape(shape)


def encode(planes: np.ndarray, label: int) -> bytes:
    """A raw Datum of (channels, height, width): uint8 as bytes, anything else as floats."""
    message = _message(planes.shape, label)
    if planes.dtype == np.uint8:
        message.data = planes.tobytes()
    else:
        message.float_data.extend(planes.ravel().tolist())
    return message.SerializeToString()


def encode_file(content: bytes, label: int, shape: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    """A Datum that holds a whole JPEG or PNG file; shape: (channels, height, width), 0 where it is not said."""
    message = _message(shape, label)
    message.data, message.encoded = content, True
    return message.SerializeToString()


def _message(shape: tuple[int, ...], label: int) -> Any:
    from ..schema import messages

    if len(shape) != 3:
        raise DataError(f"a Datum holds an image of (channels, height, width), not of the shape {shape}")
    message = messages.Datum(label=label)
    for name, extent in zip(("channels", "height", "width"), shape, strict=True):
        if extent:
            setattr(message, name, extent)
    return message
