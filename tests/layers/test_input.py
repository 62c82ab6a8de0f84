"""Input: whose shapes its tops have."""

from __future__ import annotations

import pytest

from netproto.errors import ModelError

from .single import layer_net


def test_one_shape_serves_all_tops() -> None:
    net = layer_net("Input", "input_param { shape { dim: 2 dim: 3 } }", tops=2)
    assert net.blobs["t0"].shape == net.blobs["t1"].shape == (2, 3)
    assert net.inputs == ["t0", "t1"]


def test_each_top_has_its_shape() -> None:
    net = layer_net("Input", "input_param { shape { dim: 2 dim: 3 } shape { } }", tops=2)
    assert (net.blobs["t0"].shape, net.blobs["t1"].shape) == ((2, 3), ())


def test_without_a_shape_the_top_waits_for_one() -> None:
    net = layer_net("Input")
    net.blobs["t0"].reshape((2, 3))
    net.forward()
    assert net.blobs["t0"].shape == (2, 3)


def test_what_the_caller_filled_stays() -> None:
    net = layer_net("Input", "input_param { shape { dim: 3 } }")
    net.blobs["t0"].data[...] = [2, 3, 5]
    net.forward()
    assert net.blobs["t0"].data.tolist() == [2, 3, 5]


@pytest.mark.parametrize(
    ("body", "tops", "message"),
    [
        ("input_param { shape { dim: 2 } shape { dim: 3 } }", 3, "2 shapes for 3 tops"),
        ("input_param { shape { dim: 2 dim: -3 } }", 1, r"shape \(2, -3\) has a negative extent"),
        ("input_param { shape { " + "dim: 1 " * 33 + "} }", 1, "a shape of 33 axes"),
    ],
)
def test_shapes_that_cannot_be(body: str, tops: int, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        layer_net("Input", body, tops=tops)
