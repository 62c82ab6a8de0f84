"""MVN: the shape of its top."""

from __future__ import annotations

import pytest

from netproto.errors import ModelError

from .one_layer import draw, net_with


def test_the_top_has_four_axes() -> None:
    net = net_with("MVN", "mvn_param { across_channels: true }", (2, 3, 5))
    draw(net)
    net.forward()
    assert net.blobs["t0"].shape == (2, 3, 5, 1)
    assert net.blobs["t0"].data[1].mean() == pytest.approx(0, abs=1e-6)
    assert net.blobs["t0"].data[1].std() == pytest.approx(1, rel=1e-5)


def test_more_axes_are_refused() -> None:
    with pytest.raises(ModelError, match="4 axes at most"):
        net_with("MVN", "", (1, 2, 3, 4, 5))
