"""Filter: tops whose size the data decides."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.net.net import Net

from .single import layer_net

ONLY_THE_ITEMS = "propagate_down: true propagate_down: false"


def filtered(selector: list[float]) -> Net:
    net = layer_net("Filter", bottoms=[(5, 2), (5,)])
    net.blobs["b0"].data[...] = np.arange(10).reshape(5, 2)
    net.blobs["b1"].data[...] = selector
    net.forward()
    return net


def test_the_top_has_what_was_picked_and_grows_again() -> None:
    net = filtered([0, 2, 0, -1, 0])
    assert net.blobs["t0"].data.tolist() == [[2, 3], [6, 7]]
    net.blobs["b1"].data[...] = 1
    net.forward()
    assert net.blobs["t0"].data.tolist() == net.blobs["b0"].data.tolist()


def test_nothing_picked_gives_an_empty_top_and_no_gradient() -> None:
    net = filtered([0] * 5)
    assert net.blobs["t0"].shape == (0, 2)
    net.blobs["b0"].diff[...] = 7
    net.graph.nodes[-1].propagate_down = [True, False]
    net.backward()
    assert (net.blobs["b0"].diff == 0).all()


def test_layers_above_follow_the_size() -> None:
    net = layer_net(
        "Filter", f'{ONLY_THE_ITEMS} }} layer {{ name: "ip" type: "Flatten" bottom: "t0" top: "flat"', bottoms=[(5, 2, 3), (5,)]
    )
    net.blobs["b1"].data[...] = [0, 1, 1, 0, 1]
    net.forward()
    assert net.blobs["flat"].shape == (3, 6)


def test_the_selector_has_no_gradient() -> None:
    with pytest.raises(ModelError, match="the selector has no gradient"):
        filtered([1] * 5).backward()


@pytest.mark.parametrize(
    ("bottoms", "tops", "message"),
    [
        ([(5, 2), (5,)], 2, "2 tops for 2 bottoms"),
        ([(5, 2), (5, 2)], 1, r"selector's shape is \(5, 2\)"),
        ([(5, 2), ()], 1, r"selector's shape is \(\)"),
        ([(5, 2), (3, 2), (5,)], 2, r"bottom 1 has the shape \(3, 2\) and the selector 5 items"),
    ],
)
def test_shapes_that_do_not_fit(bottoms: list[tuple[int, ...]], tops: int, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        layer_net("Filter", bottoms=bottoms, tops=tops)
