"""Parameter: its top is the learned blob."""

from __future__ import annotations

import numpy as np

from netproto.testing import net_of

from .single import layer_net


def test_the_tops_gradient_is_the_learned_blobs() -> None:
    net = net_of(
        """
        layer { name: "w" type: "Parameter" top: "w" parameter_param { shape { dim: 2 dim: 3 } } }
        layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
        layer { name: "loss" type: "EuclideanLoss" bottom: "w" bottom: "x" top: "loss" }
        """
    )
    weight = net.params["w"][0]
    weight.data[...] = [[2, 3, 5], [7, 11, 13]]
    net.blobs["x"].data[...] = 1
    net.forward()
    net.clear_param_diffs()
    net.backward()
    np.testing.assert_allclose(weight.diff, [[0.5, 1, 2], [3, 5, 6]])


def test_the_top_follows_a_blob_that_is_shared_later() -> None:
    trained, tested = (layer_net("Parameter", "parameter_param { shape { dim: 3 } }") for _ in range(2))
    tested.share_params_with(trained)
    trained.params["L"][0].data[...] = [2, 3, 5]
    tested.forward()
    assert tested.blobs["t0"].data.tolist() == [2, 3, 5]


def test_it_starts_as_zeros() -> None:
    net = layer_net("Parameter", "parameter_param { shape { dim: 3 } }")
    net.forward()
    assert net.blobs["t0"].data.tolist() == [0, 0, 0]
