"""Which layers belong to a net in a state: rules OR-ed, what a rule says AND-ed."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from netproto.errors import ModelError
from netproto.schema import messages, rules, text

TRAIN = "phase: TRAIN"
TEST = "phase: TEST"

CASES = [
    # the layer's rules, the state, whether the layer is part of the net
    ("", TEST, True),
    ("include { }", TEST, True),
    ("exclude { }", TEST, False),
    ("include { phase: TRAIN }", TRAIN, True),
    ("include { phase: TRAIN }", TEST, False),
    ("include { phase: TRAIN }", "", False),  # the phase of a state is TEST where none is written
    ("exclude { phase: TRAIN }", TRAIN, False),
    ("exclude { phase: TRAIN }", TEST, True),
    ("include { phase: TRAIN } include { phase: TEST }", TEST, True),
    ("exclude { phase: TRAIN } exclude { phase: TEST }", TEST, False),
    ("include { phase: TRAIN stage: 'a' }", TRAIN, False),
    ("include { phase: TRAIN stage: 'a' }", f"{TRAIN} stage: 'a'", True),
    ("include { phase: TRAIN stage: 'a' }", f"{TEST} stage: 'a'", False),
    ("include { phase: TRAIN } include { stage: 'a' }", f"{TEST} stage: 'a'", True),
    ("include { min_level: 2 }", "level: 1", False),
    ("include { min_level: 2 }", "level: 2", True),
    ("include { min_level: 0 }", "level: -1", False),
    ("include { min_level: 0 }", "", True),
    ("include { max_level: 2 }", "level: 2", True),
    ("include { max_level: 2 }", "level: 3", False),
    ("include { max_level: -1 }", "", False),
    ("include { min_level: 2 max_level: 3 }", "level: 3", True),
    ("include { min_level: 2 max_level: 3 }", "level: 5", False),
    ("include { stage: 'a' stage: 'b' }", "stage: 'a'", False),
    ("include { stage: 'a' stage: 'b' }", "stage: 'b' stage: 'c' stage: 'a'", True),
    ("include { not_stage: 'a' not_stage: 'b' }", "stage: 'b'", False),
    ("include { not_stage: 'a' not_stage: 'b' }", "stage: 'c'", True),
    ("include { stage: 'a' not_stage: 'b' }", "stage: 'a' stage: 'b'", False),
    ("include { stage: 'a' not_stage: 'b' }", "stage: 'a'", True),
    ("include { stage: '' }", "", False),
    ("include { stage: '' }", "stage: ''", True),
    ("exclude { stage: 'a' not_stage: 'b' }", "stage: 'a' stage: 'b'", True),
    ("exclude { min_level: 2 } exclude { stage: 'a' }", "level: 1 stage: 'a'", False),
]


def net_of(*rules_of_layers: str) -> Any:
    layers = "\n".join(f"layer {{ name: 'l{i}' type: 'ReLU' {r} }}" for i, r in enumerate(rules_of_layers))
    return text.parse(f"name: 'n' state {{ level: 7 }}\n{layers}", messages.NetParameter, file="f")


def state_of(source: str) -> Any:
    return text.parse(source, messages.NetState)


@pytest.mark.parametrize(("layer", "state", "included"), CASES)
def test_is_included(layer: str, state: str, included: bool) -> None:
    assert rules.is_included(net_of(layer).layer[0], state_of(state)) is included


def test_every_combination_of_two_rules() -> None:
    singles = ["phase: TRAIN", "min_level: 2", "stage: 'a'", "not_stage: 'b'", "phase: TEST max_level: 0"]
    states = [f"phase: {p} level: {n} {s}" for p in ("TRAIN", "TEST") for n in (0, 2) for s in ("", "stage: 'a'", "stage: 'a' stage: 'b'")]
    for (one, other), state in itertools.product(itertools.permutations(singles, 2), states):
        fits = [rules.fits(text.parse(r, messages.NetStateRule), state_of(state)) for r in (one, other)]
        for kind, expected in (("include", any(fits)), ("exclude", not any(fits))):
            layer = net_of(f"{kind} {{ {one} }} {kind} {{ {other} }}").layer[0]
            assert rules.is_included(layer, state_of(state)) is expected


def test_filter_keeps_order_places_and_the_rest_of_the_net() -> None:
    net = net_of("include { phase: TEST }", "", "exclude { phase: TRAIN }", "include { phase: TRAIN }")
    before = net.SerializeToString(deterministic=True)
    filtered = rules.filter_net(net, state_of(TRAIN))
    assert [layer.name for layer in filtered.layer] == ["l1", "l3"]
    assert (filtered.name, filtered.state.level) == ("n", 7)
    assert [layer.place.line for layer in filtered.layer] == [3, 5]
    assert net.SerializeToString(deterministic=True) == before


def test_both_kinds_on_a_layer() -> None:
    net = net_of("", "include { phase: TEST }\n exclude { phase: TEST }")
    with pytest.raises(ModelError, match=r"f:4:2: layer 'l1' \(ReLU\): the layer has include and exclude rules. Give it one kind only"):
        rules.filter_net(net, state_of(TEST))


def test_the_stages_of_the_net_itself_are_added() -> None:
    net = net_of("include { stage: 'a' stage: 'b' }", "include { stage: 'b' }", "include { stage: 'c' }")
    net.state.stage.append("a")
    assert [layer.name for layer in rules.filter_net(net, state_of("phase: TEST stage: 'b'")).layer] == ["l0", "l1"]
    net.state.phase = 0
    net.layer[2].include[0].phase = 1
    assert [layer.name for layer in rules.filter_net(net, state_of("phase: TEST stage: 'c'")).layer] == ["l2"]
