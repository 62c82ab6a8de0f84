"""A net that nobody looks into against one that keeps everything: the same losses, gradients and statistics."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.net.chains import Chain, chains_of, gathering, set_apart
from netproto.net.footprint import footprint
from netproto.net.net import Net
from netproto.net.training import TrainingNet
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text, upgrade

DATA = """
layer { name: "data" type: "Input" top: "data" top: "label"
  input_param { shape { dim: 4 dim: 3 dim: 13 dim: 11 } shape { dim: 4 } } }
"""
HEAD = """
layer { name: "ip" type: "InnerProduct" bottom: "last" top: "ip" inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
IN_PLACE = 'bottom: "last" top: "last"'
SCALE = 'scale_param { bias_term: true filler { type: "uniform" min: 0.5 max: 2 } bias_filler { type: "gaussian" std: 0.2 } }'


def conv(bottom: str, top: str, more: str = "") -> str:
    param = 'num_output: 6 kernel_size: 3 pad: 1 weight_filler { type: "msra" }'
    return f'layer {{ name: "{top}" type: "Convolution" bottom: "{bottom}" top: "{top}" {more} convolution_param {{ {param} }} }}\n'


def layer(kind: str, blobs: str = IN_PLACE, more: str = "", name: str = "") -> str:
    return f'layer {{ name: "{name or kind}" type: "{kind}" {blobs} {more} }}\n'


CONV, NORM, RELU = conv("data", "last"), layer("BatchNorm"), layer("ReLU")
SUM = 'layer { name: "sum" type: "Eltwise" bottom: "a" bottom: "b" top: "last" }\n'
STAYS = "param { lr_mult: 0 } param { lr_mult: 0 }"
TWICE = 'layer { name: "twice" type: "Eltwise" bottom: "last" bottom: "c" top: "end" }\n' + layer(
    "ReLU", 'bottom: "end" top: "end"', name="relu2"
)
NETS = {
    "all in place": CONV + NORM + layer("Scale", more=SCALE) + RELU,
    "no scale": CONV + NORM + RELU,
    "no ReLU": CONV + NORM + layer("Scale", more=SCALE),
    "no bias": CONV + NORM + layer("Scale") + layer("ReLU", more="relu_param { negative_slope: 0.2 }"),
    "top of its own": conv("data", "a") + layer("BatchNorm", 'bottom: "a" top: "last"') + layer("Scale", more=SCALE) + RELU,
    "weights that stay": conv("data", "last", "param { lr_mult: 0 } param { lr_mult: 0 }") + NORM + layer("Scale", more=SCALE) + RELU,
    "scale that stays": CONV + NORM + layer("Scale", more=f"param {{ lr_mult: 0 }} param {{ lr_mult: 0 }} {SCALE}") + RELU,
    "read by two": CONV + NORM + layer("Scale", more=SCALE) + RELU + conv("last", "c") + layer("Silence", 'bottom: "c"'),
    "after a pooling": conv("data", "p")
    + layer("Pooling", 'bottom: "p" top: "last"', "pooling_param { pool: AVE kernel_size: 3 stride: 2 }")
    + NORM
    + RELU,
    "sum": conv("data", "a") + conv("data", "b") + SUM + RELU,
    "sum with what stays": conv("data", "a", STAYS) + conv("data", "b") + SUM + RELU,
    "sum read by two": conv("data", "a") + conv("data", "b") + SUM + RELU + conv("last", "c") + TWICE,
    "sum with what stays, read by two": conv("data", "a", STAYS) + conv("data", "b") + SUM + RELU + conv("last", "c") + TWICE,
    "residual": CONV
    + NORM
    + layer("Scale", more=SCALE)
    + RELU.replace('"last"', '"last"')
    + conv("last", "c1")
    + layer("BatchNorm", 'bottom: "c1" top: "c1"', name="norm2")
    + 'layer { name: "sum" type: "Eltwise" bottom: "last" bottom: "c1" top: "after" }\n'
    + layer("ReLU", 'bottom: "after" top: "after"', name="relu2")
    + layer("Power", 'bottom: "after" top: "end"'),
}


def made(name: str, kind: type[Net], ops: Ops) -> Net:
    body = NETS[name] + (HEAD.replace('"last"', '"end"') if '"end"' in NETS[name] else HEAD)
    net = kind(upgrade.net(text.parse(DATA + body, messages.NetParameter, file="net")), ops=ops, phase=0, seed=3)
    generator = np.random.default_rng(4)
    net.blobs["data"].data[...] = generator.standard_normal(net.blobs["data"].shape)
    net.blobs["label"].data[...] = [0, 3, 1, 4]
    return net


def results(net: Net) -> dict[str, np.ndarray]:
    """Of two passes, whose diffs and statistics begin with what the first has left."""
    net.clear_param_diffs()
    losses = []
    for _ in range(2):
        losses.append(float(net.forward()))
        net.backward()
    found = {param.key: param.blob.diff.copy() for param in net.learnable}
    found |= {f"{key} {i}": blob.data.copy() for key, blobs in net.params.items() for i, blob in enumerate(blobs)}
    return {**found, "loss": np.array(losses), "ip": net.blobs["ip"].data.copy()}


@pytest.mark.parametrize("ops", [Ops, CpuOps])
@pytest.mark.parametrize("name", NETS)
def test_the_numbers_are_those_of_a_net_that_keeps_everything(name: str, ops: type[Ops]) -> None:
    lean, whole = made(name, TrainingNet, ops()), made(name, Net, ops())
    assert lean.chains
    wanted, got = results(whole), results(lean)
    for key, values in wanted.items():
        assert np.abs(got[key] - values).max() <= 1e-5 * max(1, np.abs(values).max()), key


def test_another_batch() -> None:
    lean, whole = made("all in place", TrainingNet, CpuOps()), made("all in place", Net, CpuOps())
    for net in (lean, whole):
        results(net)
        net.blobs["data"].reshape((3, 3, 13, 11))
        net.blobs["label"].reshape((3,))
    wanted, got = results(whole), results(lean)
    for key, values in wanted.items():
        assert np.abs(got[key] - values).max() <= 1e-5 * max(1, np.abs(values).max()), key


@pytest.mark.parametrize(
    ("body", "chain"),
    [
        (CONV + NORM, None),
        (CONV + layer("BatchNorm", more="batch_norm_param { use_global_stats: true }") + RELU, None),
        (CONV + NORM + layer("ReLU", more="relu_param { negative_slope: -0.5 }"), None),
        (CONV + NORM + layer("ReLU", 'bottom: "last" top: "end"'), None),
        (CONV + NORM + layer("Scale", more="scale_param { axis: 2 num_axes: 1 }") + RELU, None),
        (CONV + NORM + layer("Dropout") + RELU, None),
        (CONV + NORM + layer("Scale") + RELU, Chain(2, 3, 4)),
        (conv("data", "a") + conv("data", "b") + SUM.replace("}", "eltwise_param { coeff: 1 coeff: -1 } }") + RELU, None),
        (conv("data", "a") + conv("data", "b") + SUM.replace("}", "eltwise_param { operation: MAX } }") + RELU, None),
    ],
)
def test_what_is_a_chain(body: str, chain: Chain | None) -> None:
    message = upgrade.net(text.parse(DATA + body, messages.NetParameter, file="net"))
    assert chains_of(Net(message, ops=CpuOps(), phase=0).graph) == ([chain] if chain else [])


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (conv("last", "c") + TWICE, {4: 6}),
        (conv("last", "c") + conv("last", "d") + TWICE, {}),
        (layer("Power", 'bottom: "last" top: "c"'), {}),
    ],
)
def test_whose_gradients_are_added_up_on_the_way(more: str, found: dict[int, int]) -> None:
    body = conv("data", "a") + conv("data", "b") + SUM + RELU + more
    graph = Net(upgrade.net(text.parse(DATA + body, messages.NetParameter, file="net")), ops=CpuOps(), phase=0).graph
    assert gathering(graph, chains_of(graph)) == found


def test_whose_bottom_is_set_apart() -> None:
    kept = layer("BatchNorm", 'bottom: "data" top: "data"')
    for body, wanted in ((CONV + NORM, {2: 1}), (conv("data", "a") + layer("BatchNorm", 'bottom: "a" top: "last"'), {}), (kept, {})):
        message = upgrade.net(text.parse(DATA + body, messages.NetParameter, file="net"))
        assert set_apart(Net(message, ops=CpuOps(), phase=0).graph) == wanted


def test_memory_is_what_the_footprint_says() -> None:
    net = made("all in place", TrainingNet, CpuOps())
    net.forward()
    arrays = sum(array.nbytes for layer in net.layers for array in layer.internals.values())
    apart = sum(net._bottoms[i][0].data.nbytes for i in net._apart)
    assert footprint(net.graph, training=True, lean=True).internals == arrays + apart


def test_it_runs_as_a_whole() -> None:
    net = made("sum", TrainingNet, CpuOps())
    for run in (lambda: net.forward(end=1), lambda: net.backward(2)):
        with pytest.raises(ModelError, match="as a whole"):
            run()


def test_callbacks_hear_of_every_layer() -> None:
    net = made("all in place", TrainingNet, CpuOps())
    heard: list[int] = []
    net.callbacks.before_forward.append(heard.append)
    net.callbacks.after_backward.append(heard.append)
    net.forward()
    net.backward()
    assert heard == [*range(len(net.layers)), *reversed(range(len(net.layers)))]


def test_a_net_that_speaks_of_each_layer_runs_layer_by_layer() -> None:
    message = upgrade.net(text.parse(f"debug_info: true {DATA} {NETS['all in place']} {HEAD}", messages.NetParameter, file="net"))
    assert not TrainingNet(message, ops=CpuOps(), phase=0).chains


def inner(bottom: str, top: str, more: str = "", param: str = "") -> str:
    param = f'num_output: 7 weight_filler {{ type: "xavier" }} {param}'
    return f'layer {{ name: "{top}" type: "InnerProduct" bottom: "{bottom}" top: "{top}" {more} inner_product_param {{ {param} }} }}\n'


SHARED = 'param { name: "w" } param { name: "b" }'
PRODUCTS = {
    "one after the other": (
        conv("data", "x") + inner("x", "a") + layer("ReLU", 'bottom: "a" top: "a"') + inner("a", "last"),
        {"a/0", "last/0", "ip/0"},
    ),
    "shared": (
        conv("data", "x") + layer("Power", 'bottom: "x" top: "p"') + inner("x", "a", SHARED) + inner("p", "b", SHARED) + SUM,
        {"ip/0"},
    ),
    "transposed": (conv("data", "x") + inner("x", "a", param="transpose: true") + layer("Power", 'bottom: "a" top: "last"'), {"ip/0"}),
    "stays": (conv("data", "x") + inner("x", "a", STAYS) + layer("Power", 'bottom: "a" top: "last"'), {"ip/0"}),
    "many gradients to share memory with": (
        conv("data", "x") + inner("x", "a") + inner("a", "b") + inner("b", "c") + layer("Power", 'bottom: "c" top: "last"'),
        {"a/0", "b/0", "c/0", "ip/0"},
    ),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_gradients_that_are_left_as_products(name: str) -> None:
    body, wanted = PRODUCTS[name]
    message = upgrade.net(text.parse(DATA + body + HEAD, messages.NetParameter, file="net"))
    whole, lean = Net(message, ops=CpuOps(), phase=0, seed=3), TrainingNet(message, ops=CpuOps(), phase=0, seed=3, products=True)
    for net in (whole, lean):
        generator = np.random.default_rng(4)
        net.blobs["data"].data[...] = generator.standard_normal(net.blobs["data"].shape)
        net.blobs["label"].data[...] = [0, 3, 1, 4]
        net.clear_param_diffs()
        net.forward()
        net.backward()
    found = set()
    for i, (one, other) in enumerate(zip(whole.learnable, lean.learnable, strict=True)):
        factors = lean.factors(i)
        gradient = other.blob.diff
        if factors is not None:
            found.add(other.key)
            assert not gradient.any()
            gradient = factors[0].T @ factors[1]
        assert np.abs(gradient - one.blob.diff).max() <= 1e-5 * max(1, np.abs(one.blob.diff).max()), other.key
        assert whole.factors(i) is None
    assert found == wanted


def test_a_net_that_speaks_of_each_layer_makes_gradients() -> None:
    message = upgrade.net(text.parse(f"debug_info: true {DATA} {CONV} {HEAD}", messages.NetParameter, file="net"))
    net = TrainingNet(message, ops=CpuOps(), phase=0, products=True)
    assert [net.factors(i) for i in range(len(net.learnable))] == [None] * 4
