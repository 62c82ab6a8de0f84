"""Inputs as a layer, BatchNorm's params, and files read in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netproto.errors import ModelError, Place
from netproto.schema import messages, text, upgrade
from netproto.schema.places import place_of

CASES = {
    "dims": (
        "input: 'data' input_dim: 10 input_dim: 3 input_dim: 227 input_dim: 227",
        "top: 'data' input_param { shape { dim: [10, 3, 227, 227] } }",
    ),
    "dims of two": (
        "input: 'a' input: 'b' input_dim: [1, 2, 3, 5, 7, 11, 13, 17]",
        "top: ['a', 'b'] input_param { shape { dim: [1, 2, 3, 5] } shape { dim: [7, 11, 13, 17] } }",
    ),
    "dims to spare": ("input: 'a' input_dim: [1, 2, 3, 5, 7]", "top: 'a' input_param { shape { dim: [1, 2, 3, 5] } }"),
    "shapes": (
        "input: 'a' input_shape { dim: 2 } input: 'b' input_shape { dim: [3, 5, 7] }",
        "top: ['a', 'b'] input_param { shape { dim: 2 } shape { dim: [3, 5, 7] } }",
    ),
    "a shape to spare": ("input: 'a' input_shape { dim: 2 } input_shape { dim: 3 }", "top: 'a' input_param { shape { dim: 2 } }"),
    "both: shapes win": (
        "input: 'a' input_dim: [1, 2, 3, 5] input_shape { dim: 7 }",
        "top: 'a' input_param { shape { dim: 7 } }",
    ),
}


def parse_net(source: str) -> Any:
    return text.parse(source, messages.NetParameter, file="f")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("layers", ["layer { name: 'r' type: 'ReLU' }", "layers { name: 'r' type: RELU }"])
def test_inputs(case: str, layers: str) -> None:
    old, new = CASES[case]
    upgraded = upgrade.net(parse_net(f"{layers} name: 'n' {old}"))
    expected = parse_net(f"layer {{ name: 'input' type: 'Input' {new} }} layer {{ name: 'r' type: 'ReLU' }} name: 'n'")
    assert messages.without_places(upgraded) == messages.without_places(expected)
    assert upgrade.net(upgraded) == upgraded


def test_bare_inputs_are_dropped() -> None:
    net = upgrade.net(parse_net("input: 'data' layer { name: 'a' bottom: 'data' }"))
    assert not net.input
    assert [layer.name for layer in net.layer] == ["a"]


def test_dims_of_no_input_are_left_alone() -> None:
    net = parse_net("input_dim: [1, 2] layer { name: 'a' }")
    assert upgrade.net(net) == net


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (
            "input: 'a'\ninput_dim: [1, 2, 3]",
            r"f:2:1: 1 inputs but 3 input_dim: none is left for 'a'\. input_dim gives 4 dims for each input",
        ),
        ("input: 'a' input: 'b' input_dim: [1, 2, 3, 5]", "2 inputs but 4 input_dim: none is left for 'b'"),
        (
            "input: 'a' input: 'b' input_shape { }",
            r"2 inputs but 1 input_shape: none is left for 'b'\. input_shape gives one for each input",
        ),
    ],
)
def test_inputs_without_all_shapes(source: str, what: str) -> None:
    with pytest.raises(ModelError, match=what):
        upgrade.net(parse_net(source))


def test_the_places_of_an_input_layer() -> None:
    source = "name: 'n'\ninput: 'a'\ninput: 'b'\n input_dim: [1, 2, 3, 5, 7, 11, 13, 17]"
    layer = upgrade.net(parse_net(source)).layer[0]
    assert place_of(layer) == Place("f", 2, 1)
    assert place_of(layer, "top[1]") == Place("f", 3, 1)
    assert place_of(layer, "input_param.shape[1].dim[1]") == Place("f", 4, 29)
    assert place_of(layer, "name") == Place("f", 2, 1)


def test_the_places_of_shapes() -> None:
    layer = upgrade.net(parse_net("input: 'a'\ninput_shape {\n dim: 2 dim: 3 }")).layer[0]
    assert place_of(layer, "input_param.shape[0]") == Place("f", 2, 1)
    assert place_of(layer, "input_param.shape[0].dim[1]") == Place("f", 3, 9)


def test_an_input_layer_from_no_file_has_no_place() -> None:
    net = upgrade.net(messages.NetParameter(input=["a"], input_dim=[1, 2, 3, 5]))
    assert not net.layer[0].HasField("place")


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (
            "type: 'BatchNorm' param { lr_mult: 1 name: 'm' } param { } param { decay_mult: 2 }",
            "type: 'BatchNorm' param { lr_mult: 0 decay_mult: 0 name: 'm' } param { lr_mult: 0 decay_mult: 0 }"
            " param { lr_mult: 0 decay_mult: 0 }",
        ),
        ("type: 'BatchNorm' param { lr_mult: 1 } param { }", "type: 'BatchNorm' param { lr_mult: 1 } param { }"),
        ("type: 'BatchNorm' param { } param { } param { } param { }", "type: 'BatchNorm' param { } param { } param { } param { }"),
        ("type: 'Scale' param { } param { } param { }", "type: 'Scale' param { } param { } param { }"),
    ],
)
def test_batch_norm(layer: str, expected: str) -> None:
    upgraded = upgrade.net(parse_net(f"layer {{ {layer} }}"))
    assert messages.without_places(upgraded) == messages.without_places(parse_net(f"layer {{ {expected} }}"))


def test_load_net(tmp_path: Path) -> None:
    file = tmp_path / "deploy.prototxt"
    file.write_text("input: 'x' input_dim: [1, 2, 3, 5]\nlayers { name: 'r' type: RELU bottom: 'x' top: 'y' }")
    net = upgrade.load_net(file)
    assert [layer.type for layer in net.layer] == ["Input", "ReLU"]
    assert place_of(net.layer[1]) == Place(str(file), 2, 1)


def test_load_net_with_an_input_without_shape(tmp_path: Path) -> None:
    file = tmp_path / "deploy.prototxt"
    file.write_text("input: 'unused'\ninput: 'x'\nlayer { name: 'r' type: 'ReLU' bottom: 'x' top: 'y' }")
    with pytest.raises(ModelError, match=r"deploy.prototxt:2:1: input 'x' has no shape\. Add `input_shape"):
        upgrade.load_net(file)
