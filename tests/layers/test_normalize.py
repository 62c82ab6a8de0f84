"""Normalize against loops."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.ops.base import Ops

from .one_layer import draw, net_with

SHAPE = (2, 3, 5, 7)


def test_over_the_item() -> None:
    net = net_with("Normalize", "norm_param { eps: 0.25 }", SHAPE, ops=Ops("float64"))
    x, scale = draw(net)
    net.forward()
    assert scale.shape == ()
    for n in range(2):
        length = (sum(v * v for v in x[n].ravel()) + 0.25) ** 0.5
        np.testing.assert_allclose(net.blobs["t0"].data[n], scale * x[n] / length, rtol=1e-9)


def test_over_the_channels_of_each_place() -> None:
    net = net_with("Normalize", "norm_param { across_spatial: false channel_shared: false }", SHAPE, ops=Ops("float64"))
    x, scale = draw(net)
    net.forward()
    assert scale.shape == (3,)
    for n, i, j in np.ndindex(2, 5, 7):
        length = (sum(v * v for v in x[n, :, i, j]) + 1e-10) ** 0.5
        np.testing.assert_allclose(net.blobs["t0"].data[n, :, i, j], scale * x[n, :, i, j] / length, rtol=1e-9)


def test_the_scale_begins_at_1_or_as_its_filler_says() -> None:
    assert net_with("Normalize", "", SHAPE).params["L"][0].data == 1
    assert net_with("Normalize", "norm_param { scale_filler { value: 20 } }", SHAPE).params["L"][0].data == 20


def test_one_axis_is_refused() -> None:
    with pytest.raises(ModelError, match=r"the bottom has the shape \(7,\), but two axes at least are wanted"):
        net_with("Normalize", "", (7,))
