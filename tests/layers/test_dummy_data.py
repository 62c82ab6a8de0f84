"""DummyData: what is filled when, and in which shape."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError

from .single import layer_net

SHAPE = "shape { dim: 2 dim: 3 }"


def test_constants_are_filled_once_and_may_be_overwritten() -> None:
    net = layer_net("DummyData", f"dummy_data_param {{ {SHAPE} data_filler {{ type: 'constant' value: 5 }} }}")
    top = net.blobs["t0"].data
    assert (top == 5).all()
    top[0] = 7
    net.forward()
    assert (top[0] == 7).all()
    assert (top[1] == 5).all()


def test_others_are_drawn_anew_in_each_pass() -> None:
    net = layer_net("DummyData", f"dummy_data_param {{ {SHAPE} data_filler {{ type: 'uniform' min: 2 max: 3 }} }}")
    top = net.blobs["t0"].data
    assert (top == 0).all()
    net.forward()
    first = np.array(top)
    net.forward()
    assert ((first >= 2) & (first <= 3)).all()
    assert (first != top).all()


def test_each_top_has_its_filler() -> None:
    fillers = "data_filler { value: 5 } data_filler { type: 'gaussian' } data_filler { }"
    net = layer_net("DummyData", f"dummy_data_param {{ {SHAPE} shape {{ dim: 7 }} shape {{ dim: 1 }} {fillers} }}", tops=3)
    net.forward()
    assert (net.blobs["t0"].data == 5).all()
    assert len(np.unique(net.blobs["t1"].data)) == 7
    assert net.blobs["t2"].data == 0


def test_legacy_shapes() -> None:
    net = layer_net("DummyData", "dummy_data_param { num: 2 num: 3 channels: 5 height: 7 width: 1 width: 2 }", tops=2)
    assert (net.blobs["t0"].shape, net.blobs["t1"].shape) == ((2, 5, 7, 1), (3, 5, 7, 2))


@pytest.mark.parametrize(
    ("param", "tops", "message"),
    [
        ("", 1, "0 shape for 1 tops"),
        (f"{SHAPE} {SHAPE}", 3, "2 shape for 3 tops"),
        (f"{SHAPE} num: 2 channels: 3 height: 5 width: 7", 1, "both shape and the legacy"),
        ("num: 2 channels: 3 height: 5", 1, "0 width for 1 tops"),
        (f"{SHAPE} data_filler {{ }} data_filler {{ }}", 3, "2 data_filler for 3 tops"),
        (f"{SHAPE} data_filler {{ type: 'gausian' }}", 1, "unknown filler type 'gausian'. Did you mean 'gaussian'"),
    ],
)
def test_settings_that_cannot_be(param: str, tops: int, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        layer_net("DummyData", f"dummy_data_param {{ {param} }}", tops=tops)


def test_a_filler_that_cannot_fill_the_shape_names_the_layer() -> None:
    net = layer_net("DummyData", f"dummy_data_param {{ {SHAPE} data_filler {{ type: 'bilinear' }} }}")
    with pytest.raises(ModelError, match=r"layer 'L' \(DummyData\): the bilinear filler"):
        net.forward()
