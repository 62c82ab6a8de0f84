"""Nets for inference on the GPU: what a Net of phase TEST makes, at fewer launches and without an array."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netproto.net.inference import InferenceNet
from netproto.net.net import Net
from netproto.ops.gpu import GpuOps
from netproto.schema import messages, text, upgrade
from tests.net.test_inference import CASES, DATA

from . import fakecupy

MakeOps = Callable[..., GpuOps]
LAUNCHES = {"conv, relu": (4, 3), "batch norm with a bias": (7, 3), "inner product": (7, 2), "a sum": (12, 6)}
"""Of a Net and of an InferenceNet: two images at once are unfolded, multiplied and finished."""


def filled(net: Net) -> Net:
    """Numbers in all learned blobs and in the data."""
    generator = np.random.default_rng(3)
    for name, blobs in net.params.items():
        for blob in blobs:
            net.ops.upload(generator.uniform(0.5 if name.startswith(("bn", "scale")) else -1, 1.5, blob.shape), blob.data)
    net.weights_changed()
    net.ops.upload(generator.standard_normal(net.blobs["data"].shape), net.blobs["data"].data)
    return net


@pytest.mark.parametrize("name", CASES)
def test_it_makes_what_a_net_makes(name: str, gpu_ops: MakeOps) -> None:
    ops = gpu_ops()
    message = upgrade.net(text.parse("\n".join([DATA, *CASES[name][0]]), messages.NetParameter, file="net"))
    whole, lean = filled(Net(message, ops=ops, phase=1)), filled(InferenceNet(message, ops=ops))
    launches = []
    for net in (whole, lean):
        loss = net.forward()
        with fakecupy.counting() as cost:
            net.forward(loss=loss)
        launches.append(cost.launch)
        assert cost.alloc == 0
    for blob in whole.outputs:
        wanted = ops.to_host(whole.blobs[blob].data)
        np.testing.assert_allclose(ops.to_host(lean.blobs[blob].data), wanted, rtol=0, atol=2e-6 * np.abs(wanted).max())
    assert launches[1] <= launches[0]
    assert tuple(launches) == LAUNCHES.get(name, tuple(launches))
