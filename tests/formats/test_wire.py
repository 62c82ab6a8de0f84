"""The walker of protobuf's wire format against protobuf itself."""

import numpy as np
import pytest

from netproto.formats import wire
from netproto.formats.wire import LENGTH, VARINT, Reader, WireError
from netproto.schema import messages


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**31 - 1, 2**63 - 1])
def test_varints(value):
    coded = messages.BlobShape(dim=[value]).SerializeToString()
    assert coded == wire.header(1, LENGTH, len(wire.varint(value))) + wire.varint(value)
    assert Reader(wire.varint(value)).varint() == value


def test_negative_numbers():
    reader = Reader(messages.SolverState(iter=-5).SerializeToString())
    assert reader.tag() == (1, VARINT)
    assert reader.signed() == -5


def test_every_wire_type_is_skipped():
    group = bytes([0x0B, 0x08, 5, 0x13, 0x14, 0x0C])  # group 1 {1: 5, group 2 {}}
    message = (
        messages.SolverState(iter=7, learned_net="net").SerializeToString()
        + wire.header(9, 5)
        + b"abcd"
        + wire.header(9, 1)
        + b"abcdefgh"
        + group
    )
    reader = Reader(message)
    numbers = []
    while reader.more():
        number, kind = reader.tag()
        reader.skip(kind)
        numbers.append(number)
    assert numbers == [1, 2, 9, 9, 1]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x80", "a number is cut off at byte 0"),
        (b"\xff" * 11, "more than ten bytes"),
        (b"\x07", "no field has the tag 7"),
        (b"\x00", "no field has the tag 0"),
        (b"\x0a\x05abc", "a value of 5 bytes is cut off after 3 at byte 1"),
        (b"\x0d\x01", "a number is cut off at byte 1"),
        (b"\x0c", "a group ends that never began"),
        (b"\x0b" * 100, "nested too deeply"),
    ],
)
def test_malformed_bytes(content, what):
    with pytest.raises(WireError, match=what):
        skip_one(content)


def skip_one(content):
    reader = Reader(content)
    _, kind = reader.tag()
    reader.skip(kind)


def test_packed_numbers_are_a_view():
    content = messages.BlobProto(data=[1, 2.5, -3]).SerializeToString()
    reader = Reader(content)
    assert reader.tag() == (5, LENGTH)
    values = reader.numbers(LENGTH, "<f4")
    assert values.tolist() == [1, 2.5, -3]
    assert not values.flags.owndata


def test_unpacked_numbers_are_taken_in_runs():
    content = b"".join(b"\x2d" + np.float32(v).tobytes() for v in (1, 2.5, -3)) + b"\x08\x01"
    reader = Reader(content)
    _, kind = reader.tag()
    assert reader.numbers(kind, "<f4").tolist() == [1, 2.5, -3]
    assert reader.tag() == (1, VARINT)


def test_numbers_cut_off():
    for content in (b"\x2d\x00\x00", b"\x2a\x03abc"):
        reader = Reader(content)
        _, kind = reader.tag()
        with pytest.raises(WireError):
            reader.numbers(kind, "<f4")


def test_split_keeps_the_order_of_fields():
    message = messages.LayerParameter(name="a", type="b", top=["c"], phase=1, propagate_down=[True])
    low, high = wire.split(message.SerializeToString(), lambda number: number < 7)
    assert low + high == message.SerializeToString()
    assert messages.LayerParameter.FromString(high) == messages.LayerParameter(phase=1, propagate_down=[True])
