"""SPP: its sizes, and what cannot be."""

from __future__ import annotations

import pytest

from netproto.errors import ModelError

from .one_layer import draw, net_with


def test_levels_follow_one_another() -> None:
    net = net_with("SPP", "spp_param { pyramid_height: 2 }", (2, 3, 4, 6))
    (x,) = draw(net)
    net.forward()
    top = net.blobs["t0"].data
    assert top.shape == (2, 15)
    assert top[1, 2] == x[1, 2].max()
    assert top[1, 3 + 2 * 4 + 1] == x[1, 2, :2, 3:].max()


def test_a_single_level_keeps_four_axes() -> None:
    assert net_with("SPP", "spp_param { pyramid_height: 1 }", (2, 3, 4, 6)).blobs["t0"].shape == (2, 3, 1, 1)


@pytest.mark.parametrize(
    ("body", "bottom", "message"),
    [
        ("", (2, 3, 5, 7), "pyramid_height must be at least 1"),
        ("pyramid_height: 2", (3, 5, 7), "must have 4 axes"),
        ("pyramid_height: 2", (2, 3, 0, 7), "has no element"),
        ("pyramid_height: 4", (2, 3, 5, 7), "is not smaller than the window"),
        ("pyramid_height: 2 pool: STOCHASTIC", (2, 3, 5, 7), "STOCHASTIC pooling takes no padding"),
    ],
)
def test_a_pyramid_that_cannot_be_is_refused(body: str, bottom: tuple[int, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        net_with("SPP", f"spp_param {{ {body} }}", bottom)
