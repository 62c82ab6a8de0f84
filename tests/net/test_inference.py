"""A net for inference makes what a Net of phase TEST makes, with fewer passes over less memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netproto.errors import ModelError
from netproto.net.inference import InferenceNet
from netproto.net.net import Net
from netproto.net.sections import Section
from netproto.ops.base import Ops
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text, upgrade

DATA = 'layer { name: "in" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 11 dim: 7 } } }'


def layer(name: str, kind: str, bottoms: str, top: str = "", more: str = "") -> str:
    read = " ".join(f'bottom: "{bottom}"' for bottom in bottoms.split())
    return f'layer {{ name: "{name}" type: "{kind}" {read} top: "{top or name}" {more} }}'


def conv(name: str, bottom: str, more: str = "", outputs: int = 5) -> str:
    fill = 'weight_filler { type: "gaussian" std: 0.3 } bias_filler { type: "gaussian" std: 0.3 }'
    return layer(name, "Convolution", bottom, more=f"convolution_param {{ num_output: {outputs} kernel_size: 3 pad: 1 {fill} {more} }}")


def relu(blob: str, top: str = "", more: str = "") -> str:
    return layer(f"relu_{top or blob}", "ReLU", blob, top or blob, more)


def norm(blob: str, more: str = "") -> str:
    return layer(f"bn_{blob}", "BatchNorm", blob, blob, more)


def scale(blob: str, more: str = "scale_param { bias_term: true }") -> str:
    return layer(f"scale_{blob}", "Scale", blob, blob, more)


IP = 'inner_product_param { num_output: 7 weight_filler { type: "gaussian" std: 0.3 } bias_filler { type: "gaussian" std: 0.3 } }'
STOCHASTIC = "pooling_param { pool: STOCHASTIC kernel_size: 2 }"
SUM = "eltwise_param { operation: SUM }"
RESIDUAL = [
    conv("a", "data"),
    relu("a"),
    conv("b", "a", "bias_term: false"),
    norm("b"),
    scale("b"),
    layer("sum", "Eltwise", "a b"),
    relu("sum"),
]
BLOCKS = [
    conv("a", "data", outputs=16),
    relu("a"),
    conv("b", "a", outputs=32),
    conv("c", "a", outputs=16),
    layer("both", "Concat", "b c"),
    layer("pool", "Pooling", "both", more="pooling_param { pool: AVE kernel_size: 3 stride: 2 }"),
    layer("flat", "Flatten", "pool"),
    layer("ip", "InnerProduct", "flat", more=IP),
    layer("prob", "Softmax", "ip"),
]
CASES = {
    "concat of whole blocks, pooling, probabilities": (BLOCKS, 8),
    "pooling that a program does not know": ([*BLOCKS[:5], layer("p", "Pooling", "both", more=STOCHASTIC), conv("e", "p")], 6),
    "conv, relu": ([conv("a", "data"), relu("a")], 1),
    "relu with a top of its own": ([conv("a", "data"), relu("a", "b")], 1),
    "a leaky relu": ([conv("a", "data"), relu("a", more="relu_param { negative_slope: 0.1 }")], 1),
    "a bounded relu": ([conv("a", "data"), relu("a", more="relu_param { relu6: true }")], 2),
    "two relus": ([conv("a", "data"), relu("a", more="relu_param { negative_slope: 0.5 }"), relu("a", "b")], 2),
    "batch norm without a bias": ([conv("a", "data", "bias_term: false"), norm("a"), scale("a"), relu("a")], 1),
    "batch norm with a bias": ([conv("a", "data"), norm("a"), scale("a", "")], 1),
    "batch norm that learns": ([conv("a", "data"), norm("a", "batch_norm_param { scale_bias: true }")], 1),
    "batch norm of the batch": ([conv("a", "data"), norm("a", "batch_norm_param { use_global_stats: false }"), relu("a")], 3),
    "bias": ([conv("a", "data", "bias_term: false"), layer("c", "Bias", "a", more="bias_param { filler { value: 0.3 } }")], 1),
    "scale after relu": ([conv("a", "data"), relu("a"), scale("a")], 2),
    "scale of another axis": ([conv("a", "data"), scale("a", "scale_param { axis: 2 }")], 2),
    "inner product": ([layer("a", "InnerProduct", "data", more=IP), norm("a"), scale("a"), relu("a")], 1),
    "a sum": (RESIDUAL, 2),
    "a sum, the other way round": ([*RESIDUAL[:5], layer("sum", "Eltwise", "b a", more=SUM), relu("sum")], 2),
    "a sum of two convolutions": ([conv("a", "data"), conv("b", "data"), layer("sum", "Eltwise", "a b"), relu("sum")], 2),
    "a sum with what comes later": ([conv("a", "data"), layer("p", "Power", "data"), conv("c", "p"), layer("s", "Eltwise", "a c")], 3),
    "a weighted sum": ([conv("a", "data"), conv("b", "data"), layer("s", "Eltwise", "a b", more="eltwise_param { coeff: 2 coeff: 1 }")], 3),
    "a blob less twice itself": ([conv("a", "data"), layer("s", "Eltwise", "a a", more="eltwise_param { coeff: 1 coeff: -2 }")], 2),
    "a blob and itself": ([conv("a", "data"), layer("s", "Eltwise", "a a")], 2),
    "dropout between": ([conv("a", "data"), layer("d", "Dropout", "a"), relu("d")], 1),
    "dropout by itself": ([layer("p", "Power", "data", more="power_param { scale: 2 }"), layer("d", "Dropout", "p"), conv("a", "d")], 3),
    "concat": ([conv("a", "data", outputs=4), relu("a"), conv("b", "data", outputs=3), layer("c", "Concat", "a b"), conv("d", "c")], 4),
    "concat with a copy": ([conv("a", "data"), layer("p", "Power", "data"), layer("c", "Concat", "p a"), relu("c")], 4),
    "concat of a part that is read": ([conv("a", "data"), conv("b", "a"), layer("c", "Concat", "a b"), relu("c")], 4),
}


def net_of(make: Any, layers: list[str], ops: Ops, **options: Any) -> Any:
    message = upgrade.net(text.parse("\n".join([DATA, *layers]), messages.NetParameter, file="net"))
    net = make(message, ops=ops, **options)
    generator = np.random.default_rng(3)
    for name, blobs in net.params.items():
        for blob in blobs:
            low = 0.5 if name.startswith(("bn", "scale")) else -1
            blob.data[...] = generator.uniform(low, 1.5, blob.shape)
    net.weights_changed()
    net.blobs["data"].data[...] = generator.standard_normal(net.blobs["data"].shape)
    return net


def alike(lean: Net, whole: Net, name: str) -> None:
    wanted = whole.blobs[name].data
    np.testing.assert_allclose(lean.blobs[name].data, wanted, rtol=0, atol=2e-6 * np.abs(wanted).max())
    assert np.abs(wanted).max() > 0.1


@pytest.mark.parametrize("ops", [Ops("float64"), CpuOps(threads=2)], ids=["portable", "cpu"])
@pytest.mark.parametrize("case", CASES)
def test_it_makes_what_a_net_makes(case: str, ops: Ops) -> None:
    layers, _ = CASES[case]
    whole, lean = net_of(Net, layers, ops, phase=1), net_of(InferenceNet, layers, ops)
    for _ in range(2):
        whole.forward()
        lean.forward()
    assert lean.outputs == whole.outputs
    for name in whole.outputs:
        alike(lean, whole, name)


@pytest.mark.parametrize("case", CASES)
def test_it_takes_so_many_steps(case: str) -> None:
    layers, steps = CASES[case]
    assert sum(lean_steps(layers)) == steps


def lean_steps(layers: list[str]) -> list[bool]:
    """For each step but those that have nothing to do, True."""
    net = net_of(InferenceNet, layers, CpuOps())
    return [net.layers[step.node].type not in ("Input", "Split") for step in net.steps]


def wide(name: str, bottom: str, more: str = "") -> str:
    return conv(name, bottom, more, outputs=16)


def dropout(bottom: str, top: str) -> str:
    return layer(f"drop_{top}", "Dropout", bottom, top)


POOL = layer("p", "Pooling", "b", more="pooling_param { kernel_size: 2 stride: 2 }")
LEAKY = "relu_param { negative_slope: 0.5 }"
TOGETHER = {
    "dropout of the input": [dropout("data", "d"), wide("a", "d"), wide("b", "a")],
    "dropout of what is kept": [wide("a", "data"), dropout("a", "d"), wide("e", "d"), wide("f", "e")],
    "dropout of what is kept, at the end": [wide("b", "data"), wide("a", "b"), dropout("a", "d")],
    "in place behind a dropout": [wide("a", "data"), dropout("a", "d"), relu("d"), wide("e", "d"), layer("s", "Eltwise", "a e")],
    "in place behind a dropout of the input": [dropout("data", "d"), relu("d"), wide("b", "data"), wide("a", "b"), wide("c", "d")],
    "a relu behind a pooling": [wide("a", "data"), wide("b", "a"), POOL, relu("p", more=LEAKY)],
    "two relus behind a pooling": [wide("a", "data"), wide("b", "a"), POOL, relu("p"), layer("more", "ReLU", "p", "p", LEAKY)],
    "a sum with what has another shape": [
        layer("z", "InnerProduct", "data", more=IP.replace("7", "1232")),
        layer("q", "Reshape", "z", more="reshape_param { shape { dim: 0 dim: 16 dim: 11 dim: 7 } }"),
        *(wide("b", "data"), wide("c", "b"), layer("s", "Eltwise", "c q"), wide("e", "s")),
    ],
}


@pytest.mark.parametrize("keep", [[], ["a"]])
@pytest.mark.parametrize("case", TOGETHER)
def test_what_stands_together_makes_what_a_net_makes(case: str, keep: list[str]) -> None:
    keep = [name for name in keep if f'top: "{name}"' in "".join(TOGETHER[case])]
    whole, lean = net_of(Net, TOGETHER[case], CpuOps(), phase=1), net_of(InferenceNet, TOGETHER[case], CpuOps(), keep=keep)
    for _ in range(2):
        for net in (whole, lean):
            net.forward()
        for name in {*whole.outputs, *keep, "data"}:
            alike(lean, whole, name)


@pytest.mark.parametrize(
    ("layers", "shapes"),
    [
        ([layer("p", "Power", "data"), dropout("p", "d")], [(5, 3, 8, 8)]),
        (
            [
                layer("p", "Power", "data", more="power_param { scale: -1 }"),
                layer("q", "Power", "p", more="power_param { scale: -1 }"),
                layer("a", "Convolution", "q", more="convolution_param { num_output: 16 kernel_size: 1 stride: 3 }"),
                *(wide("b", "a"), layer("f", "Eltwise", "a b", more="eltwise_param { operation: PROD }")),
            ],
            [(1, 3, 8, 8), (1, 3, 9, 9), (1, 3, 7, 7)],
        ),
        (
            [
                layer("a", "InnerProduct", "data", more=IP.replace("{", "{ axis: -1 ", 1)),
                *(layer("b", "InnerProduct", "a", more=IP.replace("{", "{ axis: -1 ", 1)), layer("soft", "Softmax", "b")),
            ],
            [(4, 7), (4, 5, 7), (3, 7)],
        ),
        (
            [
                layer("r", "Reshape", "data", more="reshape_param { shape { dim: 0 dim: 3 dim: 11 dim: 7 } }"),
                *(wide("a", "r"), wide("b", "a")),
            ],
            [(2, 3, 7, 11), (3, 3, 11, 7)],
        ),
    ],
)
def test_shapes_for_which_there_is_no_program(layers: list[str], shapes: list[tuple[int, ...]]) -> None:
    nets = net_of(Net, layers, CpuOps(), phase=1), net_of(InferenceNet, layers, CpuOps())
    for shape in shapes:
        for net in nets:
            net.blobs["data"].reshape(shape)
            net.blobs["data"].data[...] = np.random.default_rng(sum(shape)).standard_normal(shape)
            net.forward()
            net.forward()
        for name in nets[0].outputs:
            assert nets[1].blobs[name].shape == nets[0].blobs[name].shape
            alike(nets[1], nets[0], name)


def sections(net: InferenceNet) -> list[list[str]]:
    """The layers of each section."""
    return [[net.layer_names[i] for i in unit.nodes] for unit in net.units if isinstance(unit, Section)]


def test_what_runs_as_one_program() -> None:
    assert sections(net_of(InferenceNet, BLOCKS, CpuOps())) == [
        ["a", "relu_a", "a_relu_a_0_split", "b", "c", "both", "pool", "flat", "ip", "prob"],
    ]
    assert sections(net_of(InferenceNet, BLOCKS, Ops())) == []
    assert sections(net_of(InferenceNet, [conv("a", "data"), relu("a"), layer("p", "Power", "a"), conv("b", "p")], CpuOps())) == []


def test_a_concat_of_which_not_all_is_made_in_a_program_is_in_none() -> None:
    layers = [*BLOCKS[:3], conv("d", "b", outputs=16), layer("p", "Power", "b"), conv("c", "p", outputs=16), layer("all", "Concat", "c d")]
    lean, whole = net_of(InferenceNet, layers, CpuOps()), net_of(Net, layers, CpuOps(), phase=1)
    assert sections(lean) == [["a", "relu_a", "b", "b_b_0_split"]]
    for net in (lean, whole):
        net.forward()
    alike(lean, whole, "all")


def test_blobs_that_are_kept_are_given_to_a_program() -> None:
    whole, lean = net_of(Net, BLOCKS, CpuOps(), phase=1), net_of(InferenceNet, BLOCKS, CpuOps(), keep=["b", "both", "flat"])
    for net in (whole, lean):
        net.forward()
    for name in ("b", "both", "flat", "prob"):
        alike(lean, whole, name)


def test_the_batch_may_change_between_programs() -> None:
    layers = [*BLOCKS[:6], layer("p", "Power", "pool"), *(conv(name, "p", outputs=8) for name in "xy"), layer("s", "Eltwise", "x y")]
    nets = net_of(Net, layers, CpuOps(), phase=1), net_of(InferenceNet, layers, CpuOps())
    assert len(sections(nets[1])) == 2
    for batch in (2, 5, 1):
        for net in nets:
            net.blobs["data"].reshape((batch, 3, 11, 7))
            net.blobs["data"].data[...] = np.random.default_rng(batch).standard_normal((batch, 3, 11, 7))
            net.forward()
        alike(nets[1], nets[0], "s")


@pytest.mark.parametrize("ops", [Ops("float64"), CpuOps(threads=2)], ids=["portable", "cpu"])
@pytest.mark.parametrize("shape", [(1, 3, 5, 9), (2, 3, 11, 7), (4, 3, 13, 12)])
def test_its_inputs_may_change_their_shape(shape: tuple[int, ...], ops: Ops) -> None:
    layers = [*RESIDUAL, conv("e", "sum"), conv("f", "e", outputs=3), layer("c", "Concat", "e f"), conv("d", "c")]
    nets = net_of(Net, layers, ops, phase=1), net_of(InferenceNet, layers, ops)
    data = np.random.default_rng(8).standard_normal(shape)
    for net in nets:
        net.forward()
        net.blobs["data"].reshape(shape)
        net.blobs["data"].data[...] = data
        net.forward()
        net.forward()
    assert nets[1].blobs["d"].shape == (shape[0], 5, *shape[2:])
    alike(nets[1], nets[0], "d")


def test_new_weights_count_once_it_is_told() -> None:
    whole, lean = (net_of(make, RESIDUAL, CpuOps(), **o) for make, o in ((Net, {"phase": 1}), (InferenceNet, {})))
    lean.forward()
    for net in (whole, lean):
        for name in ("b", "bn_b", "scale_b"):
            net.params[name][0].data[...] *= 3
    lean.weights_changed()
    whole.forward()
    lean.forward()
    alike(lean, whole, "sum")


def test_learned_blobs_shared_with_a_net_in_training_are_read_and_left_alone() -> None:
    whole, lean = net_of(Net, RESIDUAL, CpuOps(), phase=1), net_of(InferenceNet, RESIDUAL, CpuOps())
    lean.params["b"][0].data[...] = 0
    lean.forward()
    lean.share_params_with(whole)
    before = {name: [np.array(blob.data) for blob in blobs] for name, blobs in whole.params.items()}
    whole.forward()
    lean.forward()
    alike(lean, whole, "sum")
    for name, arrays in before.items():
        for blob, array in zip(whole.params[name], arrays, strict=True):
            np.testing.assert_array_equal(blob.data, array)


def test_blobs_that_are_kept_hold_what_a_net_has_there() -> None:
    layers = [*RESIDUAL, relu("sum", "out"), layer("d", "Dropout", "out"), relu("d")]
    whole = net_of(Net, layers, CpuOps(), phase=1)
    lean = net_of(InferenceNet, layers, CpuOps(), keep=["b", "out"])
    whole.forward()
    lean.forward()
    assert list(lean.blobs) == ["data", "b", "out", "d"]
    for name, blob in lean.blobs.items():
        assert blob is lean.blob(lean.graph.blob_names.index(name))
        alike(lean, whole, name)


def test_a_blob_that_is_not_there_cannot_be_kept() -> None:
    with pytest.raises(ModelError, match=r"no blob 'summ'.*Did you mean 'sum'"):
        net_of(InferenceNet, RESIDUAL, CpuOps(), keep=["summ"])


def test_it_runs_forward_as_a_whole_only() -> None:
    net = net_of(InferenceNet, RESIDUAL, CpuOps())
    for run in (lambda: net.forward(start=1), lambda: net.forward(end=1), net.backward):
        with pytest.raises(ModelError):
            run()


def test_callbacks_hear_of_every_layer() -> None:
    net = net_of(InferenceNet, RESIDUAL, CpuOps())
    before: list[int] = []
    after: list[int] = []
    net.callbacks.before_forward.append(before.append)
    net.callbacks.after_forward.append(after.append)
    net.forward()
    assert sorted(before) == sorted(after) == list(range(len(net.layers)))


def test_debug_info_speaks_of_every_layer(caplog: pytest.LogCaptureFixture) -> None:
    whole, lean = (net_of(make, ["debug_info: true", *RESIDUAL], CpuOps(), **o) for make, o in ((Net, {"phase": 1}), (InferenceNet, {})))
    with caplog.at_level("INFO"):
        whole.forward()
        said = len(caplog.messages)
        lean.forward()
    assert caplog.messages[:said] == caplog.messages[said:]
    assert said > len(RESIDUAL)


def test_losses_are_a_nets() -> None:
    labels = 'layer { name: "labels" type: "Input" top: "y" input_param { shape { dim: 2 } } }'
    layers = [*RESIDUAL, labels, layer("ip", "InnerProduct", "sum", more=IP + "loss_weight: 0.1"), layer("loss", "SoftmaxWithLoss", "ip y")]
    whole, lean = net_of(Net, layers, CpuOps(), phase=1), net_of(InferenceNet, layers, CpuOps())
    for _ in range(2):
        np.testing.assert_allclose(float(lean.forward()), float(whole.forward()), rtol=1e-5)


def data_bytes(net: Net) -> int:
    """The memory that the blobs have taken, each once."""
    stores = {id(blob.data_store): blob.data_store for blob in map(net.blob, range(len(net.graph.shapes)))}
    return sum(store.array.nbytes for store in stores.values() if store.array is not None)


def test_blobs_of_a_chain_take_turns_in_two_arrays() -> None:
    powers = [layer(f"p{i}", "Power", f"p{i - 1}" if i else "data", more="power_param { shift: 1 }") for i in range(7)]
    net = net_of(InferenceNet, powers, CpuOps())
    net.forward()
    one = 4 * net.blobs["data"].count
    assert data_bytes(net) == (1 + 2 + 1) * one  # the data, two that take turns, and the output
    np.testing.assert_allclose(net.blobs["p6"].data, net.blobs["data"].data + 7, rtol=1e-5)


def test_what_only_a_backward_pass_needs_is_not_there() -> None:
    pool = "pooling_param { kernel_size: 2 stride: 2 }"
    layers = [layer("pool", "Pooling", "data", more=pool), layer("lrn", "LRN", "pool"), norm("lrn"), layer("s", "Scale", "lrn", "lrn")]
    whole, lean = net_of(Net, layers, CpuOps(), phase=1), net_of(InferenceNet, layers, CpuOps())
    whole.forward()
    lean.forward()
    np.testing.assert_allclose(lean.blobs["lrn"].data, whole.blobs["lrn"].data, rtol=1e-5)
    assert [list(net.layers[net.layer_names.index(n)].internals) for net in (whole, lean) for n in ("pool", "lrn", "bn_lrn", "s")] == [
        *(["mask"], ["scale"], ["mean", "var"], ["bottom"]),
        *([], [], ["mean", "var"], []),
    ]
