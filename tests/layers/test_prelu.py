"""PReLU: what is 0, and what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError

from .one_layer import net_with


@pytest.mark.parametrize("in_place", [False, True])
def test_zero_has_the_slope_of_what_is_below(in_place: bool) -> None:
    net = net_with("PReLU", "", (1, 2, 2), in_place=in_place)
    top = net.blobs["b0" if in_place else "t0"]
    net.params["L"][0].data[...] = [0.5, -3]
    net.blobs["b0"].data[...] = [[[2, -2], [0, -1]]]
    net.forward()
    assert top.data.tolist() == [[[2, -1], [0, 3]]]
    top.diff[...] = [[[1, 10], [100, 1000]]]
    net.clear_param_diffs()
    net.backward()
    assert net.blobs["b0"].diff.tolist() == [[[1, 5], [-300, -3000]]]
    assert net.params["L"][0].diff.tolist() == [-20, -1000]


def test_slopes_begin_at_a_quarter() -> None:
    assert net_with("PReLU", "", (2, 3)).params["L"][0].data.tolist() == [0.25] * 3
    shared = net_with("PReLU", "prelu_param { channel_shared: true }", (2, 3)).params["L"][0]
    assert (shared.shape, float(shared.data)) == ((), 0.25)
    assert np.all(net_with("PReLU", "prelu_param { filler { value: 0.1 } }", (2, 3)).params["L"][0].data == np.float32(0.1))


def test_channels_are_wanted_and_cannot_change() -> None:
    with pytest.raises(ModelError, match=r"at least 2 axes, but is \(3,\)"):
        net_with("PReLU", "", (3,))
    with pytest.raises(ModelError, match="it has 3 slopes, but the bottom"):
        net_with("PReLU", "", (2, 3, 5)).layers[-1].reshape([(2, 5, 3)])
    shared = net_with("PReLU", "prelu_param { channel_shared: true }", (2, 3, 5)).layers[-1]
    assert shared.reshape([(2, 5, 3)]) == [(2, 5, 3)]
