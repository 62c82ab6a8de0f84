"""What Net::Init decides: edges, shapes, sharing, and which layers run backward."""

from __future__ import annotations

import pytest

from netproto.errors import ModelError
from netproto.net.graph import Graph, build, prepare
from netproto.schema import messages, text, upgrade

X = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }\n'
Y = 'layer { name: "labels" type: "Input" top: "y" input_param { shape { dim: 2 } } }\n'


def ip(name: str, bottom: str, outputs: int = 3, more: str = "") -> str:
    return (
        f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{name}" '
        f"inner_product_param {{ num_output: {outputs} }} {more} }}\n"
    )


def loss(bottom: str, more: str = "", name: str = "loss") -> str:
    return f'layer {{ name: "{name}" type: "SoftmaxWithLoss" bottom: "{bottom}" bottom: "y" top: "{name}" {more} }}\n'


def graph(prototxt: str, phase: int = 0, level: int = 0, stages: tuple[str, ...] = ()) -> Graph:
    net = upgrade.net(text.parse(prototxt, messages.NetParameter, file="n.prototxt"))
    return build(prepare(net, phase, level, stages), phase)


def backward(prototxt: str) -> dict[str, tuple[bool, list[bool]]]:
    """Layer name -> (runs backward, which bottoms get a gradient)."""
    return {n.layer.name: (n.need_backward, n.propagate_down) for n in graph(prototxt).nodes}


def refused(prototxt: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        graph(prototxt)


def test_shapes_go_through_the_net_before_an_array_exists() -> None:
    g = graph(X + Y + ip("a", "x", 5) + ip("b", "a", 7) + loss("b"))
    assert dict(zip(g.blob_names, g.shapes, strict=True)) == {"x": (2, 3), "y": (2,), "a": (2, 5), "b": (2, 7), "loss": ()}
    assert [p.key for p in g.learned] == ["a/0", "a/1", "b/0", "b/1"]
    assert [p.shape for p in g.learned] == [(5, 3), (5,), (7, 5), (7,)]


def test_outputs_are_alphabetical_and_inputs_in_the_order_of_the_file() -> None:
    g = graph(X + Y + ip("zebra", "x") + ip("apple", "x"))
    assert [g.blob_names[i] for i in g.outputs] == ["apple", "y", "zebra"]
    assert [g.blob_names[i] for i in g.inputs] == ["x", "y"]


def test_only_what_lies_between_learning_and_a_loss_runs_backward() -> None:
    runs = backward(X + Y + ip("a", "x") + ip("side", "a") + loss("a"))
    assert runs["a"] == (True, [False])
    assert runs["side"][0] is False
    assert runs["loss"] == (True, [True, False])


def test_a_layer_that_learns_nothing_still_carries_the_gradient() -> None:
    runs = backward(X + Y + ip("a", "x") + ip("frozen", "a", more="param { lr_mult: 0 } param { lr_mult: 0 }") + loss("frozen"))
    assert runs["frozen"] == (True, [True])
    runs = backward(X + Y + ip("a", "x", more="param { lr_mult: 0 } param { lr_mult: 0 }") + loss("a"))
    assert runs["a"][0] is False
    assert runs["loss"][0] is False


def test_propagate_down_false_stops_the_gradient() -> None:
    runs = backward(X + Y + ip("a", "x") + ip("b", "a", more="propagate_down: false") + loss("b"))
    assert runs["b"] == (True, [False])
    assert runs["a"][0] is False


def test_force_backward_reaches_inputs_but_not_labels() -> None:
    runs = backward("force_backward: true\n" + X + Y + ip("a", "x") + loss("a"))
    assert runs["a"] == (True, [True])
    assert runs["loss"] == (True, [True, False])


def test_any_layer_can_have_a_loss_weight() -> None:
    runs = backward(X + ip("a", "x", more="loss_weight: 2"))
    assert runs["a"] == (True, [False])


def test_layers_of_another_phase_level_or_stage_are_left_out() -> None:
    net = (
        X
        + ip("a", "x", more="include { phase: TEST }")
        + ip("b", "x", more='include { stage: "s" }')
        + ip("c", "x", more="include { min_level: 1 }")
    )
    assert [n.layer.name for n in graph(net).nodes] == ["in"]
    assert [n.layer.name for n in graph(net, phase=1).nodes] == ["in", "a"]
    assert [n.layer.name for n in graph(net, stages=("s",)).nodes] == ["in", "b"]
    assert [n.layer.name for n in graph(net, level=2).nodes] == ["in", "c"]


def test_a_layers_own_phase_beats_the_nets() -> None:
    g = graph(X + 'layer { name: "d" type: "Dropout" bottom: "x" top: "d" phase: TEST }')
    assert g.nodes[-1].layer.phase == 1


def test_params_of_one_name_are_one() -> None:
    shared = 'param { name: "w" } param { name: "b" }'
    g = graph(X + ip("a", "x", 3, shared) + ip("b", "a", 3, shared))
    assert [p.key for p in g.learned] == ["a/0", "a/1"]
    assert g.nodes[1].learned == g.nodes[2].learned


def test_strict_sharing_wants_equal_shapes_and_permissive_equal_counts() -> None:
    narrow = 'layer { name: "n" type: "Input" top: "n" input_param { shape { dim: 2 dim: 5 } } }\n'
    first = ip("a", "x", 5, 'param { name: "w" }')
    refused(
        X + narrow + first + ip("b", "n", 3, 'param { name: "w" }'),
        r"layer 'b'.*shares param 'w' of layer 'a'.*\(5, 3\).*\(3, 5\).*PERMISSIVE",
    )
    g = graph(X + narrow + first + ip("b", "n", 3, 'param { name: "w" share_mode: PERMISSIVE }'))
    assert g.nodes[-1].shapes[0] == (3, 5)
    assert g.nodes[-1].learned[0] == 0


def test_multipliers_of_a_shared_param_must_not_contradict() -> None:
    shared = 'param { name: "w" lr_mult: %s }'
    g = graph(X + ip("a", "x", 3, 'param { name: "w" }') + ip("b", "a", 3, shared % 4))
    assert g.learned[0].lr_mult == 4
    refused(X + ip("a", "x", 3, shared % 2) + ip("b", "a", 3, shared % 4), "lr_mult 4 here and 2 in layer 'a'")


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (X + ip("a", "x") + ip("a", "x"), r"top 'a' is already the top of another layer"),
        (X + 'layer { name: "a" type: "InnerProduct" bottom: "x" top: "x" inner_product_param { num_output: 3 } }', "cannot work in place"),
        (
            X + 'layer { name: "a" type: "ReLUU" bottom: "x" top: "a" }',
            r"n.prototxt:2:\d+: .*unknown layer type 'ReLUU'. Did you mean 'ReLU'",
        ),
        (X + 'layer { name: "a" type: "ReLU" bottom: "x" bottom: "x" top: "a" }', "takes 1 bottom blob, not 2"),
        (X + 'layer { name: "a" type: "ReLU" bottom: "x" top: "a" top: "b" }', "takes 1 top blob, not 2"),
        (X + ip("a", "x", more="loss_weight: 1 loss_weight: 2"), "2 loss_weight for 1 tops"),
        (X + ip("a", "x", more="propagate_down: true propagate_down: true"), "2 propagate_down for 1 bottoms"),
        (X + ip("a", "x", more="param {} param {} param {}"), "3 param specifications for a layer with 2"),
        (X + ip("a", "y"), "bottom 'y' is not the top of any layer before it"),
    ],
)
def test_what_cannot_be_wired_is_refused(net: str, said: str) -> None:
    refused(net, said)
