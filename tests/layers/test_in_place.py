"""Activations in place: what their backward pass refuses, and that the error says so."""

from __future__ import annotations

import pytest

from netproto.errors import ModelError

from .single import layer_net


@pytest.mark.parametrize(
    ("layer", "body", "setting"),
    [
        ("ReLU", "relu_param { negative_slope: -0.1 }", "negative_slope -0.1"),
        ("ELU", "elu_param { alpha: -2 }", "alpha -2"),
        ("Power", "power_param { power: 2 }", "power 2"),
    ],
)
def test_a_gradient_that_needs_the_lost_bottom_is_refused(layer: str, body: str, setting: str) -> None:
    net = layer_net(layer, body, bottoms=[(2, 3)], in_place=True)
    net.forward()
    with pytest.raises(ModelError, match=f"gradient for {setting} needs the bottom.*Give the top a name"):
        net.backward()


@pytest.mark.parametrize("layer", ["AbsVal", "Concat", "Eltwise", "Flatten", "Reshape", "Slice", "Split", "Tile", "ArgMax", "Reduction"])
def test_layers_that_cannot_work_in_place_say_so(layer: str) -> None:
    with pytest.raises(ModelError, match="cannot work in place"):
        layer_net(
            layer,
            "tile_param { tiles: 1 } reshape_param { shape { dim: 3 dim: 2 } }",
            bottoms=[(2, 3)] * (1 + (layer == "Eltwise")),
            in_place=True,
        )
