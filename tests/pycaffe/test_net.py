"""pycaffe's Net: names, passes, arrays."""

from __future__ import annotations

import copy
import logging
from pathlib import Path

import numpy as np
import pytest

import netproto.pycaffe as caffe
from netproto.errors import ModelError

from .helpers import NET, TRAINED, python_layer, small_net, write


def test_names_in_the_order_of_the_file(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    assert (net.name, net.inputs, net.outputs) == ("small", ["data"], ["prob"])
    assert list(net.blobs) == net._blob_names == ["data", "conv", "ip", "prob"]
    assert list(net.params) == ["conv", "ip"]
    assert [b.shape for b in net.params["conv"]] == [(3, 3, 3, 3), (3,)]
    assert list(net.layer_dict) == net._layer_names == ["data", "conv", "relu", "ip", "prob"]
    assert [layer.type for layer in net.layers] == ["Input", "Convolution", "ReLU", "InnerProduct", "Softmax"]
    assert net.top_names == {"data": ["data"], "conv": ["conv"], "relu": ["conv"], "ip": ["ip"], "prob": ["prob"]}
    assert net.bottom_names == {"data": [], "conv": ["data"], "relu": ["conv"], "ip": ["conv"], "prob": ["ip"]}
    assert (net._inputs, net._outputs, net._top_ids(2), net._bottom_ids(3)) == ([0], [3], [1], [1])
    assert repr(net) == "<Net 'small': 5 layers, 4 blobs>"


def test_loss_weights(tmp_path: Path) -> None:
    net = small_net(tmp_path, text=TRAINED)
    assert net.blob_loss_weights == {"data": 0, "label": 0, "ip": 0, "loss": 3}
    assert net._blob_loss_weights == [0, 0, 0, 3]


def test_blobs_and_params_are_the_nets_own_memory(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    net.params["ip"][0].data[...] = 0
    net.layer_dict["ip"].blobs[1].data[...] = [1, 2, 3, 4]
    net.forward()
    np.testing.assert_array_equal(net.blobs["ip"].data, [[1, 2, 3, 4]] * 2)


def test_arrays_outlive_the_net(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    net.forward()
    blobs, params, wanted = net.blobs, net.params, net.blobs["prob"].data.copy()
    del net
    np.testing.assert_array_equal(blobs["prob"].data, wanted)
    assert params["conv"][1].data.tolist() == [0.5] * 3


def test_forward_gives_outputs_and_what_was_asked_for(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    outputs = net.forward(blobs=["ip"])
    assert set(outputs) == {"prob", "ip"}
    assert outputs["prob"] is net.blobs["prob"].data
    np.testing.assert_allclose(outputs["prob"].sum(1), 1, rtol=1e-6)


def test_forward_from_and_to_a_layer(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    net.blobs["conv"].data[...] = 1
    outputs = net.forward(start="ip", end="ip")
    weights, bias = (blob.data for blob in net.params["ip"])
    np.testing.assert_allclose(outputs["ip"], [weights.sum(1) + bias] * 2, rtol=1e-5)
    assert (net.blobs["conv"].data == 1).all()
    assert set(outputs) == {"ip"}


def test_forward_with_inputs(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    net.params["conv"][1].data[...] = 50
    given = np.random.default_rng(5).standard_normal((2, 3, 5, 7))
    net.forward(data=given)
    np.testing.assert_array_equal(net.blobs["data"].data, given.astype(np.float32))
    first = net.forward()["prob"].copy()
    np.testing.assert_array_equal(net.forward(data=given)["prob"], first)


def test_backward_gives_the_inputs_gradients(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    net.params["ip"][0].data[...] *= 0.1
    net.forward()
    given = np.random.default_rng(5).standard_normal((2, 4)).astype(np.float32)
    inner = net.backward(start="ip", end="ip", ip=given)
    assert list(inner) == ["conv"]
    np.testing.assert_allclose(inner["conv"].reshape(2, -1), given @ net.params["ip"][0].data, rtol=1e-4)
    outer = net.backward(diffs=["conv"], prob=given)
    assert set(outer) == {"data", "conv"}
    assert np.abs(outer["data"]).max() > 0
    net.clear_param_diffs()
    assert not net.params["ip"][0].diff.any()


def test_more_rows_than_a_batch(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    rows = np.random.default_rng(5).standard_normal((5, 3, 5, 7)).astype(np.float32)
    everything = net.forward_all(blobs=["ip"], data=rows)
    assert {name: array.shape for name, array in everything.items()} == {"prob": (5, 4), "ip": (5, 4)}
    one_by_one = [net.forward(data=np.stack([row, row]))["prob"][0].copy() for row in rows]
    np.testing.assert_allclose(everything["prob"], one_by_one, rtol=1e-5)


def test_more_rows_than_a_batch_forward_and_backward(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    rows = np.random.default_rng(5).standard_normal((3, 3, 5, 7)).astype(np.float32)
    tops = np.random.default_rng(7).standard_normal((3, 4)).astype(np.float32)
    outputs, gradients = net.forward_backward_all(blobs=["ip"], diffs=["ip"], data=rows, prob=tops)
    assert {n: a.shape for n, a in outputs.items()} == {"prob": (3, 4), "ip": (3, 4)}
    assert {n: a.shape for n, a in gradients.items()} == {"data": (3, 3, 5, 7), "ip": (3, 4)}
    net.forward(data=np.stack([rows[2], rows[2]]))
    alone = net.backward(prob=np.stack([tops[2], tops[2]]))["data"][0]
    np.testing.assert_allclose(gradients["data"][2], alone, rtol=1e-4, atol=1e-6)


def test_a_new_shape_is_carried_on_by_reshape_and_by_forward(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    net.blobs["data"].reshape(5, 3, 5, 7)
    assert net.blobs["prob"].shape == (2, 4)
    net.reshape()
    assert net.blobs["prob"].shape == (5, 4)
    net.blobs["data"].reshape(1, 3, 5, 7)
    assert net.forward()["prob"].shape == (1, 4)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda net: net.forward(end="pro"), r"the net has no layer 'pro'\. Did you mean 'prob'"),
        (lambda net: net.forward(["convv"]), r"the net has no blob 'convv'\. Did you mean 'conv'"),
        (lambda net: net.forward(dat=0), r"arrays came for \['dat'\], but the net's inputs are \['data'\]"),
        (lambda net: net.forward(data=np.zeros((1, 3, 5, 7))), r"'data' has the shape \(2, 3, 5, 7\), the array \(1, 3, 5, 7\).*reshape"),
        (lambda net: net.forward(data=np.zeros((2, 3, 7, 5))), r"'data' has the shape \(2, 3, 5, 7\), the array \(2, 3, 7, 5\)"),
        (lambda net: net.backward(start="cov"), r"the net has no layer 'cov'\. Did you mean 'conv'"),
        (lambda net: net.backward(pro=np.zeros((2, 4))), r"the net has no blob 'pro'\. Did you mean 'prob'"),
        (lambda net: net.forward_all(), "arrays of the same length are wanted; what came: no arrays"),
        (lambda net: net.forward_all(data=np.zeros((0, 3, 5, 7))), "what came: 'data' 0"),
        (lambda net: net.set_input_arrays(np.zeros((2, 3, 5, 7)), np.zeros(2)), "first layer is of the type MemoryData"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, call, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        call(small_net(tmp_path))


def test_an_unknown_name_is_a_key_error_that_helps(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    with pytest.raises(KeyError, match=r"the net has no blob 'prop'\. Did you mean 'prob'"):
        net.blobs["prop"]
    with pytest.raises(KeyError, match=r"Did you mean 'conv'"):
        net.params["cnv"]
    assert net.blobs.get("prop") is None
    assert "prop" not in net.blobs


def test_the_two_ways_to_make_a_net_with_weights(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    net = small_net(tmp_path)
    weights = str(tmp_path / "w.caffemodel")
    net.save(weights)
    path = write(tmp_path, NET)
    named = caffe.Net(network_file=path, phase=caffe.TEST, weights=weights)
    assert "DEPRECATION" not in caplog.text
    old = caffe.Net(path, weights, caffe.TEST)
    assert "DEPRECATION WARNING" in caplog.text
    for other in (named, old):
        np.testing.assert_array_equal(other.params["conv"][0].data, net.params["conv"][0].data)
        assert other.core.phase == caffe.TEST


@pytest.mark.parametrize("arguments", [(), ("TEST",), (2,), ("weights", "TEST")])
def test_a_phase_is_wanted(tmp_path: Path, arguments: tuple) -> None:
    with pytest.raises(ModelError, match=r"the phase is caffe\.TRAIN or caffe\.TEST"):
        caffe.Net(write(tmp_path, NET), *arguments)


def test_level_and_stages(tmp_path: Path) -> None:
    text = (
        NET
        + """
    layer { name: "deep" type: "Silence" bottom: "ip" include { min_level: 1 } }
    layer { name: "staged" type: "Silence" bottom: "ip" include { stage: "b" } }
    """
    )
    path = write(tmp_path, text)

    def kept(*args: object, **options: object) -> set[str]:
        return {"deep", "staged"} & set(caffe.Net(path, caffe.TEST, *args, **options).layer_dict)

    assert kept() == set()
    assert kept(level=1) == {"deep"}
    assert kept(stages=["a", "b"]) == {"staged"}
    assert kept(1, ["b"]) == {"deep", "staged"}


def test_callbacks(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    calls: list[tuple[str, int]] = []
    for name in ("before_forward", "after_forward", "before_backward", "after_backward"):
        getattr(net, name)(lambda layer, name=name: calls.append((name, layer)))
    net.forward(start="ip", end="ip")
    net.backward(start="ip", end="ip")
    assert calls == [("before_forward", 3), ("after_forward", 3), ("before_backward", 3), ("after_backward", 3)]


def test_memory_data_takes_arrays(tmp_path: Path) -> None:
    text = """
    layer { name: "data" type: "MemoryData" top: "data" top: "label"
            memory_data_param { batch_size: 2 channels: 1 height: 3 width: 5 } }
    """
    net = caffe.Net(write(tmp_path, text), caffe.TEST)
    data, labels = np.arange(60, dtype=np.float64).reshape(4, 1, 3, 5), np.array([7, 5, 3, 2])
    net.set_input_arrays(data, labels)
    for start in (0, 2, 0):
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data, data[start : start + 2])
        np.testing.assert_array_equal(net.blobs["label"].data, labels[start : start + 2])
    net.set_input_arrays(data[:2], labels[:2].reshape(2, 1, 1, 1))
    net.forward()
    assert net.blobs["label"].data.tolist() == [7, 5]
    with pytest.raises(ModelError, match="multiple of"):
        net.set_input_arrays(data[:3], labels[:3])


def test_layers_of_the_users_own_are_what_the_net_runs(tmp_path: Path) -> None:
    net = small_net(tmp_path, text=python_layer("Affine", "2"))
    layer = net.layers[1]
    assert isinstance(layer, caffe.Layer)
    assert (layer.type, net.params["mine"] is layer.blobs) == ("Python", True)
    layer.blobs[0].data[...] = 5
    net.blobs["x"].data[...] = 7
    assert (net.forward()["y"] == 19).all()


def test_a_layer_reshapes_its_tops(tmp_path: Path) -> None:
    net = small_net(tmp_path)
    net.blobs["data"].reshape(1, 3, 7, 5)
    net.layer_dict["conv"].reshape([net.blobs["data"]], [net.blobs["conv"]])
    assert net.blobs["conv"].shape == (1, 3, 5, 3)
    assert repr(net.layer_dict["conv"]) == "<Convolution layer 'conv'>"


@pytest.mark.parametrize("method", ["setup", "reshape", "forward", "backward"])
def test_an_error_in_a_users_layer_reaches_the_script_as_it_is(tmp_path: Path, method: str) -> None:
    def run() -> None:
        net = small_net(tmp_path, text=python_layer("Broken", method))
        net.forward()
        net.backward()

    with pytest.raises(RuntimeError, match=f"no luck in {method}") as caught:
        run()
    assert type(caught.value) is RuntimeError
    assert f"layer 'mine' (Python): Broken.{method} failed at" in caught.value.__notes__[0]


def test_the_log_says_what_became_of_weights(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    net = small_net(tmp_path)
    net.save(tmp_path / "w.npz")
    with caplog.at_level(logging.INFO, logger="netproto.pycaffe"):
        caffe.Net(write(tmp_path, NET.replace('"ip"', '"fc"')), caffe.TEST, weights=tmp_path / "w.npz")
    assert "has no weights for fc: their fillers stay" in caplog.text


def test_copies_of_names_are_dictionaries_of_the_same(tmp_path: Path) -> None:
    names = small_net(tmp_path).top_names
    assert names.copy() == copy.copy(names) == copy.deepcopy(names) == names
    assert {**names, "more": []} == names | {"more": []}
    with pytest.raises(KeyError, match="Did you mean 'conv'"):
        names.copy()["cnv"]
