"""Automatic fan-out, by the names that Caffe gives."""

from __future__ import annotations

import pytest

from netproto.errors import ModelError
from netproto.net.splits import insert_splits
from netproto.schema import messages, text


def split(prototxt: str) -> dict[str, tuple[list[str], list[str], list[float]]]:
    """Layer name -> (bottoms, tops, loss weights) after insert_splits."""
    net = insert_splits(text.parse(prototxt, messages.NetParameter, file="n.prototxt"))
    return {layer.name: (list(layer.bottom), list(layer.top), list(layer.loss_weight)) for layer in net.layer}


DATA = 'layer { name: "in" type: "Input" top: "x" } '


def test_one_reader_needs_no_split() -> None:
    assert list(split(DATA + 'layer { name: "a" type: "ReLU" bottom: "x" top: "a" }')) == ["in", "a"]


def test_two_readers_get_a_split_between() -> None:
    net = split(DATA + 'layer { name: "a" type: "ReLU" bottom: "x" top: "a" } layer { name: "b" type: "ReLU" bottom: "x" top: "b" }')
    assert list(net) == ["in", "x_in_0_split", "a", "b"]
    assert net["x_in_0_split"] == (["x"], ["x_in_0_split_0", "x_in_0_split_1"], [])
    assert net["a"][0] == ["x_in_0_split_0"]
    assert net["b"][0] == ["x_in_0_split_1"]


def test_one_layer_that_reads_a_top_twice() -> None:
    net = split(DATA + 'layer { name: "a" type: "Eltwise" bottom: "x" bottom: "x" top: "a" }')
    assert net["a"][0] == ["x_in_0_split_0", "x_in_0_split_1"]


def test_an_in_place_layer_gives_the_name_again() -> None:
    net = split(
        DATA
        + 'layer { name: "r" type: "ReLU" bottom: "x" top: "x" }'
        + 'layer { name: "a" type: "TanH" bottom: "x" top: "a" } layer { name: "b" type: "TanH" bottom: "x" top: "b" }'
    )
    assert list(net) == ["in", "r", "x_r_0_split", "a", "b"]
    assert net["x_r_0_split"][0] == ["x"]


def test_a_loss_weight_counts_as_a_reader_and_moves_to_the_split() -> None:
    net = split(
        DATA + 'layer { name: "l" type: "Reduction" bottom: "x" top: "l" loss_weight: 0.5 } layer { name: "s" type: "Silence" bottom: "l" }'
    )
    assert net["l"] == (["x"], ["l"], [])
    assert net["l_l_0_split"] == (["l"], ["l_l_0_split_0", "l_l_0_split_1"], [0.5, 0.0])
    assert net["s"][0] == ["l_l_0_split_1"]


def test_a_bottom_from_nowhere_is_refused_with_its_place_and_the_nearest_name() -> None:
    with pytest.raises(ModelError, match=r"n.prototxt:2:\d+: layer 'a' \(ReLU\): bottom 'dato' .* Did you mean 'data'\?"):
        split('layer { name: "in" type: "Input" top: "data" }\nlayer { name: "a" type: "ReLU" bottom: "dato" top: "a" }')
