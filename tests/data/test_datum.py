"""Datum records against protobuf's own reading of them."""

import io
import random

import numpy as np
import pytest
from PIL import Image

from netproto.data import datum
from netproto.errors import DataError
from netproto.schema import messages

PIXELS = np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5)


def png(values):
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


def test_a_raw_datum_is_a_view():
    message = messages.Datum(channels=2, height=3, width=5, data=PIXELS.tobytes(), label=7)
    content = message.SerializeToString()
    parsed = datum.parse(memoryview(content))
    assert (parsed.channels, parsed.height, parsed.width, parsed.label, parsed.encoded) == (2, 3, 5, 7, 0)
    pixels = datum.pixels(parsed)
    np.testing.assert_array_equal(pixels, PIXELS, strict=True)
    assert np.shares_memory(pixels, np.frombuffer(content, np.uint8))


def test_negative_labels():
    assert datum.parse(messages.Datum(label=-3).SerializeToString()).label == -3


def test_floats_packed_or_not():
    values = np.float32([1.5, -2, 3, 4, 5, 6.25])
    message = messages.Datum(channels=1, height=2, width=3, float_data=values.tolist())
    np.testing.assert_array_equal(datum.pixels(datum.parse(message.SerializeToString())), values.reshape(1, 2, 3), strict=True)
    packed = b"\x08\x01\x10\x02\x18\x03\x32\x18" + values.tobytes()
    assert messages.Datum.FromString(packed) == message
    np.testing.assert_array_equal(datum.pixels(datum.parse(packed)), values.reshape(1, 2, 3), strict=True)


def test_bytes_win_over_floats():
    message = messages.Datum(channels=1, height=1, width=2, data=b"\1\2", float_data=[7, 8])
    assert datum.pixels(datum.parse(message.SerializeToString())).tolist() == [[[1, 2]]]


def test_unknown_fields_are_passed_over():
    content = messages.Datum(channels=1, height=1, width=1, data=b"\5").SerializeToString() + b"\x7a\x03abc\x9a\x06\x01x"
    assert datum.pixels(datum.parse(content)).tolist() == [[[5]]]


def test_encoded_images_are_bgr_planes():
    colour = np.random.default_rng(1).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    parsed = datum.parse(messages.Datum(data=png(colour), encoded=True).SerializeToString())
    np.testing.assert_array_equal(datum.pixels(parsed), colour[:, :, ::-1].transpose(2, 0, 1))
    assert datum.pixels(parsed, force_gray=True).shape == (1, 3, 5)


def test_force_color_makes_three_equal_planes():
    gray = np.random.default_rng(2).integers(0, 256, (3, 5), dtype=np.uint8)
    parsed = datum.parse(messages.Datum(data=png(gray), encoded=True).SerializeToString())
    assert datum.pixels(parsed).shape == (1, 3, 5)
    np.testing.assert_array_equal(datum.pixels(parsed, force_color=True), np.stack([gray] * 3))


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ({}, r"the shape \(0, 0, 0\)"),
        ({"channels": 2, "height": 3, "width": -5, "data": b"x"}, r"the shape \(2, 3, -5\)"),
        ({"channels": 2, "height": 3, "width": 5, "data": b"x" * 29}, r"the shape \(2, 3, 5\), but holds 29 values"),
        ({"channels": 2, "height": 3, "width": 5}, r"the shape \(2, 3, 5\), but holds 0 values"),
        ({"channels": 1, "height": 1, "width": 2, "float_data": [1]}, r"the shape \(1, 1, 2\), but holds 1 values"),
        ({"data": b"no image", "encoded": True}, "holds an image that cannot be decoded"),
    ],
)
def test_records_that_cannot_be(message, what):
    with pytest.raises(DataError, match=what):
        datum.pixels(datum.parse(messages.Datum(**message).SerializeToString()))


def test_a_cut_record():
    content = messages.Datum(channels=2, height=3, width=5, data=PIXELS.tobytes()).SerializeToString()
    with pytest.raises(DataError, match="is no Datum, or a broken one: a value of 30 bytes is cut off after"):
        datum.parse(content[:-5])


def test_encoding():
    assert messages.Datum.FromString(datum.encode(PIXELS, 3)) == messages.Datum(
        channels=2, height=3, width=5, data=PIXELS.tobytes(), label=3
    )
    floats = PIXELS.astype(np.float32) / 4
    assert messages.Datum.FromString(datum.encode(floats, 0)).float_data == floats.ravel().tolist()
    assert messages.Datum.FromString(datum.encode_file(b"jpeg", 2)) == messages.Datum(data=b"jpeg", encoded=True, label=2)
    assert messages.Datum.FromString(datum.encode_file(b"jpeg", 2, (3, 5, 7))).width == 7
    with pytest.raises(DataError, match=r"not of the shape \(3, 5\)"):
        datum.encode(PIXELS[0], 0)


def test_damage_is_never_another_error():
    raw = messages.Datum(channels=2, height=3, width=5, data=PIXELS.tobytes(), label=7, float_data=[1, 2]).SerializeToString()
    coded = messages.Datum(data=png(np.zeros((3, 5, 3), np.uint8)), encoded=True).SerializeToString()
    dice = random.Random(9)
    outcomes = set()
    for trial in range(1000):
        damaged = bytearray(raw if trial % 2 else coded)
        for _ in range(dice.randrange(1, 4)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        if trial % 5 == 0:
            del damaged[dice.randrange(len(damaged)) :]
        try:
            datum.pixels(datum.parse(bytes(damaged)))
            outcomes.add("read")
        except DataError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}
