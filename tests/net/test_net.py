"""A net that runs: memory, fan-out, losses, reshaping."""

from __future__ import annotations

import logging
import tracemalloc

import numpy as np
import pytest

from netproto.net.net import Net
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text
from netproto.testing import net_of

from .test_graph import X, Y, ip, loss

GAUSSIAN = 'inner_product_param { weight_filler { type: "gaussian" std: 0.5 } }'


def filled(prototxt: str, phase: int = 0) -> Net:
    net = net_of(prototxt, phase=phase, ops=Ops("float64"))
    generator = np.random.default_rng(5)
    for name in net.inputs:
        labels = name == "y"
        net.blobs[name].data[...] = (
            generator.integers(0, 3, net.blobs[name].shape) if labels else generator.standard_normal(net.blobs[name].shape)
        )
    for param in net.learnable:
        param.blob.data[...] = generator.standard_normal(param.blob.shape)
    return net


def test_gradients_of_two_readers_add_up() -> None:
    both = filled("force_backward: true\n" + X + Y + ip("a", "x") + ip("b", "x") + loss("a", name="l1") + loss("b", name="l2"))
    both.forward()
    both.backward()
    split = [both.blobs[f"x_in_0_split_{k}"].diff for k in range(2)]
    np.testing.assert_allclose(both.blobs["x"].diff, split[0] + split[1])
    assert np.abs(split[0]).max() > 1e-3


def test_the_loss_is_the_weighted_sum_of_all_losses() -> None:
    net = filled(X + Y + ip("a", "x") + ip("b", "x") + loss("a", "loss_weight: 0.25", "l1") + loss("b", name="l2"))
    total = net.forward()
    np.testing.assert_allclose(total, 0.25 * net.blobs["l1"].data + net.blobs["l2"].data)


def test_a_loss_weight_scales_the_gradients() -> None:
    def gradient(weight: float) -> np.ndarray:
        net = filled(X + Y + ip("a", "x") + loss("a", f"loss_weight: {weight}"))
        net.forward()
        net.backward()
        return np.array(net.params["a"][0].diff)

    np.testing.assert_allclose(gradient(3), 3 * gradient(1))


@pytest.mark.parametrize("last", ['type: "ReLU" bottom: "a" top: "a"', 'type: "Flatten" bottom: "a" top: "f"'])
def test_a_loss_weight_survives_a_backward_pass_through_its_own_memory(last: str) -> None:
    net = filled(X + ip("a", "x") + f'layer {{ name: "last" {last} loss_weight: 2 }}')
    losses, gradients = [], []
    for _ in range(3):
        net.clear_param_diffs()
        losses.append(float(net.forward()))
        net.backward()
        gradients.append(np.array(net.params["a"][0].diff))
    assert losses[0] == losses[1] == losses[2]
    assert gradients[0].any()
    np.testing.assert_array_equal(gradients[0], gradients[2])


def test_param_gradients_add_up_until_they_are_cleared() -> None:
    net = filled(X + Y + ip("a", "x") + loss("a"))
    net.forward()
    net.backward()
    once = np.array(net.params["a"][0].diff)
    net.forward()
    net.backward()
    np.testing.assert_allclose(net.params["a"][0].diff, 2 * once)
    net.clear_param_diffs()
    assert not net.params["a"][0].diff.any()


def test_gradients_of_shared_params_add_up() -> None:
    shared = 'param { name: "w" } param { name: "b" }'
    net = filled(X + Y + ip("a", "x", 3, shared) + ip("b", "a", 3, shared) + loss("b"))
    assert np.shares_memory(net.params["a"][0].data, net.params["b"][0].data)
    assert len(net.learnable) == 2
    net.forward()
    net.backward()
    start, epsilon = np.array(net.params["a"][0].data), 1e-6
    direction = np.random.default_rng(8).standard_normal(start.shape)
    values = []
    for step in (epsilon, -epsilon):
        net.params["a"][0].data[...] = start + step * direction
        values.append(float(net.forward()))
    np.testing.assert_allclose((values[0] - values[1]) / (2 * epsilon), (net.params["a"][0].diff * direction).sum(), rtol=1e-6)


def test_a_new_input_shape_goes_through_the_net_and_back_without_new_memory() -> None:
    net = filled(X + ip("a", "x", 5))
    net.forward()
    address = net.blobs["a"].data.ctypes.data
    net.blobs["x"].reshape((1, 3))
    net.forward()
    assert net.blobs["a"].shape == (1, 5)
    net.blobs["x"].reshape((2, 3))
    net.reshape()
    assert net.blobs["a"].shape == (2, 5)
    assert net.blobs["a"].data.ctypes.data == address


def test_a_part_of_the_net_can_run() -> None:
    net = filled(X + ip("a", "x", 5) + ip("b", "a", 4))
    net.forward(end=1)
    assert net.blobs["a"].data.any()
    assert not net.blobs["b"].data.any()
    net.blobs["a"].data[...] = 0
    net.forward(start=2)
    np.testing.assert_allclose(net.blobs["b"].data, np.broadcast_to(net.params["b"][1].data, (2, 4)))


def test_shared_nets_see_what_is_trained() -> None:
    train, test = filled(X + ip("a", "x", 5)), filled(X + ip("a", "x", 5) + ip("b", "a"), phase=1)
    test.share_params_with(train)
    train.params["a"][0].data[...] = 42
    assert (test.params["a"][0].data == 42).all()


def test_fillers_depend_on_seed_and_layer_alone() -> None:
    one = X + ip("a", "x", 5).replace("num_output: 5", 'num_output: 5 weight_filler { type: "xavier" }')
    more = X + ip("z", "x").replace("num_output: 3", 'num_output: 3 weight_filler { type: "xavier" }') + one.removeprefix(X)
    first, second = net_of(one, seed=3).params["a"][0].data, net_of(more, seed=3).params["a"][0].data
    np.testing.assert_array_equal(first, second)
    assert (first != net_of(one, seed=4).params["a"][0].data).any()


def test_nothing_fills_what_is_given() -> None:
    layers = X + "".join(ip(name, "x", 5).replace("num_output: 5", 'num_output: 5 weight_filler { type: "xavier" }') for name in "ab")
    message = text.parse(layers, messages.NetParameter, file="net")
    net = Net(message, ops=Ops("float64"), seed=1, given=["a", "absent"])
    assert not net.params["a"][0].data.any()
    np.testing.assert_array_equal(net.params["b"][0].data, net_of(layers).params["b"][0].data)


def test_a_training_pass_allocates_no_large_array() -> None:
    wide = X.replace("dim: 2", "dim: 256").replace("dim: 3", "dim: 1024")
    net = net_of(wide + Y.replace("dim: 2", "dim: 256") + ip("a", "x", 1024) + ip("b", "a", 10) + loss("b"), ops=CpuOps())
    for _ in range(2):
        net.clear_param_diffs()
        net.forward()
        net.backward()
    tracemalloc.start()
    net.clear_param_diffs()
    net.forward()
    net.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 256 * 1024


def test_debug_info_prints_mean_absolute_values(caplog: pytest.LogCaptureFixture) -> None:
    net = filled(X + Y + ip("a", "x") + loss("a"))
    net.debug_info = True
    with caplog.at_level(logging.INFO, logger="netproto"):
        net.forward()
        net.backward()
    lines = [record.getMessage() for record in caplog.records]
    assert f"    [Forward] Layer a, top blob a data: {np.abs(net.blobs['a'].data).mean():g}" in lines
    assert f"    [Backward] Layer a, param blob 0 diff: {np.abs(net.params['a'][0].diff).mean():g}" in lines
    assert lines[-1].startswith("    [Backward] All net params (data, diff): L1 norm = (")


def test_callbacks_are_called_around_the_passes_of_each_layer() -> None:
    net = filled(X + Y + ip("a", "x") + ip("b", "a") + loss("b"))
    net.forward()
    calls: list[tuple[str, int]] = []
    for name in ("before_forward", "after_forward", "before_backward", "after_backward"):
        getattr(net.callbacks, name).append(lambda i, name=name: calls.append((name, i)))
    last = len(net.layers) - 1
    net.forward(1, 2)
    net.backward(last, last - 1)
    assert calls == [
        *(("before_forward", 1), ("after_forward", 1), ("before_forward", 2), ("after_forward", 2)),
        *(("before_backward", last), ("after_backward", last), ("before_backward", last - 1), ("after_backward", last - 1)),
    ]
