"""What is printed looks like Caffe's own files, and reads back as the same message."""

from __future__ import annotations

import math
from typing import Any

import pytest

from netproto.schema import messages, text

from .test_text_parse import EVERY_SPELLING, LENET

CLASSIC = """\
name: "LeNet"
debug_info: true
layer {
  name: "pool1"
  type: "Pooling"
  bottom: "conv1"
  bottom: "conv2"
  top: "pool1"
  loss_weight: 0.1
  include {
    phase: TRAIN
    stage: "a"
  }
  pooling_param {
    pool: AVE
    kernel_size: 3
    global_pooling: false
  }
  relu_param {
  }
}
"""


def float_printed(value: float) -> str:
    return text.dump(messages.PowerParameter(power=value)).removeprefix("power: ").rstrip("\n")


def double_printed(value: float) -> str:
    return text.dump(messages.BlobProto(double_data=[value])).removeprefix("double_data: ").rstrip("\n")


def test_the_classic_look() -> None:
    assert text.dump(text.parse(CLASSIC, messages.NetParameter)) == CLASSIC


@pytest.mark.parametrize("source", [LENET, EVERY_SPELLING])
def test_reads_back_as_the_same(source: str) -> None:
    net = messages.without_places(text.parse(source, messages.NetParameter))
    assert messages.without_places(text.parse(text.dump(net), messages.NetParameter)) == net


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0, "0"),
        (-0.0, "-0"),
        (1, "1"),
        (0.1, "0.1"),
        (1e-5, "1e-05"),
        (0.00390625, "0.00390625"),
        (227, "227"),
        (450000, "450000"),
        (1234567, "1234567"),
        (1e20, "1e+20"),
        (1 / 3, "0.33333334"),
        (16777216, "16777216"),
        (3.4028234663852886e38, "3.4028235e+38"),
        (1e-45, "1.4013e-45"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
    ],
)
def test_a_float_is_as_short_as_it_can_be(value: float, printed: str) -> None:
    assert float_printed(value) == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.1, "0.1"),
        (1 / 3, "0.3333333333333333"),
        (1e-300, "1e-300"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (-math.inf, "-inf"),
    ],
)
def test_a_double_is_as_short_as_it_can_be(value: float, printed: str) -> None:
    assert double_printed(value) == printed


def test_every_size_of_float_reads_back() -> None:
    values = [
        sign * mantissa * 10.0**exponent for sign in (1, -1) for mantissa in (1, 1.1, 1 / 3, 9.999999) for exponent in range(-44, 39, 3)
    ]
    blob = messages.BlobProto(data=values)
    assert text.parse(text.dump(blob), messages.BlobProto) == blob


@pytest.mark.parametrize("value", ["", "a b", "\"'\\", "\n\r\t\0\x01\x7f9", "é 中 😀", r"C:\new\x41"])
def test_a_string_reads_back(value: str) -> None:
    net = messages.NetParameter(name=value)
    printed = text.dump(net)
    assert printed.count("\n") == 1
    assert messages.without_places(text.parse(printed, messages.NetParameter)) == net


def test_bytes_are_printed_in_ascii() -> None:
    datum = messages.Datum(data=bytes(range(256)))
    printed = text.dump(datum)
    assert printed.isascii()
    assert text.parse(printed, messages.Datum) == datum


def test_special_characters() -> None:
    assert text.dump(messages.NetParameter(name="a\"b'c\\d\n\x01é")) == 'name: "a\\"b\\\'c\\\\d\\n\\001é"\n'


@pytest.mark.parametrize(
    "message",
    [messages.NetParameter(), messages.SolverParameter(random_seed=-(2**63), solver_mode=0, test_iter=[3, 5]), messages.NetState(phase=0)],
)
def test_other_messages_read_back(message: Any) -> None:
    assert messages.without_places(text.parse(text.dump(message), type(message))) == messages.without_places(message)


def test_places_are_not_printed() -> None:
    net = text.parse(LENET, messages.NetParameter, file="lenet.prototxt")
    assert "lenet" not in text.dump(net)
    assert net.place.file == "lenet.prototxt"
