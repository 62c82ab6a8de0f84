"""Nets written in Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import netproto.pycaffe as caffe
from netproto.errors import ModelError
from netproto.pycaffe import layers as L
from netproto.pycaffe import params as P
from netproto.pycaffe.net_spec import Function, Top, to_proto
from netproto.schema import messages, text

from .helpers import write


def parsed(prototxt: str) -> object:
    return messages.without_places(text.parse(prototxt, messages.NetParameter, file="wanted"))


def test_named_layers() -> None:
    n = caffe.NetSpec()
    n.data, n.label = L.Data(
        source="db",
        backend=P.Data.LMDB,
        batch_size=7,
        ntop=2,
        transform_param={"scale": 0.5, "mean_value": [104, 117]},
        include={"phase": 1},
    )
    n.conv = L.Convolution(
        n.data, kernel_size=[3, 5], num_output=2, weight_filler={"type": "xavier"}, param=[{"lr_mult": 1}, {"lr_mult": 2}]
    )
    n.relu = L.ReLU(n.conv, in_place=True)
    n["loss"] = L.SoftmaxWithLoss(n.relu, n.label, loss_weight=3, loss_param={"ignore_label": 5})
    wanted = """
    layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
            data_param { source: "db" backend: LMDB batch_size: 7 } transform_param { scale: 0.5 mean_value: 104 mean_value: 117 } }
    layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" param { lr_mult: 1 } param { lr_mult: 2 }
            convolution_param { kernel_size: 3 kernel_size: 5 num_output: 2 weight_filler { type: "xavier" } } }
    layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "conv" bottom: "label" top: "loss" loss_weight: 3 loss_param { ignore_label: 5 } }
    """
    assert n.to_proto() == parsed(wanted)
    assert list(n.tops) == ["data", "label", "conv", "relu", "loss"]
    assert "conv" in dir(n)
    assert "type: &quot;Convolution&quot;" in n._repr_html_()


def test_automatic_names_count_by_type() -> None:
    data, label = L.DummyData(ntop=2)
    relu = L.ReLU(L.InnerProduct(data, num_output=2), in_place=True)
    silent = L.Silence(label, ntop=0)
    ip = L.InnerProduct(relu, num_output=3)
    wanted = """
    layer { name: "DummyData1" type: "DummyData" top: "DummyData1" top: "DummyData2" }
    layer { name: "InnerProduct1" type: "InnerProduct" bottom: "DummyData1" top: "InnerProduct1" inner_product_param { num_output: 2 } }
    layer { name: "ReLU1" type: "ReLU" bottom: "InnerProduct1" top: "InnerProduct1" }
    layer { name: "InnerProduct2" type: "InnerProduct" bottom: "InnerProduct1" top: "InnerProduct2" inner_product_param { num_output: 3 } }
    layer { name: "Silence1" type: "Silence" bottom: "DummyData2" }
    """
    assert to_proto(ip, silent) == parsed(wanted)
    assert isinstance(silent, Function)
    assert isinstance(ip, Top)
    assert [layer.name for layer in ip.to_proto().layer] == ["DummyData1", "InnerProduct1", "ReLU1", "InnerProduct2"]
    assert [layer.name for layer in silent.to_proto().layer] == ["DummyData1", "Silence1"]


def test_a_layer_without_tops_takes_the_name_it_is_assigned_to() -> None:
    n = caffe.NetSpec()
    n.data = L.DummyData(shape={"dim": 3})
    n.hush = L.Silence(n.data, ntop=0)
    assert [(layer.name, list(layer.top)) for layer in n.to_proto().layer] == [("data", ["data"]), ("hush", [])]


def test_a_name_given_as_a_setting() -> None:
    n = caffe.NetSpec()
    n.blob = L.DummyData(name="layer")
    assert [(layer.name, list(layer.top)) for layer in n.to_proto().layer] == [("layer", ["blob"])]


def test_values_of_numpy_enum_names_and_messages() -> None:
    filler = messages.FillerParameter(type="xavier")
    n = caffe.NetSpec()
    n.data = L.Input(shape={"dim": np.array([2, 3])})
    n.pool = L.Pooling(n.data, pool="AVE", kernel_size=np.int64(3), global_pooling=np.bool_(False))
    n.drop = L.Dropout(n.pool, dropout_ratio=np.float32(0.25))
    n.up = L.Deconvolution(n.drop, num_output=5, kernel_size=(2, 4), weight_filler=filler, bias_term=False)
    layers = n.to_proto().layer
    assert layers[0].input_param.shape[0].dim == [2, 3]
    assert (layers[1].pooling_param.pool, layers[1].pooling_param.kernel_size) == (P.Pooling.AVE, 3)
    assert layers[2].dropout_param.dropout_ratio == 0.25
    assert list(layers[3].convolution_param.kernel_size) == [2, 4]
    assert layers[3].convolution_param.weight_filler == filler


def test_an_empty_message_is_written() -> None:
    assert L.ReLU(L.DummyData(), relu_param={}).to_proto().layer[1].HasField("relu_param")
    assert list(L.DummyData(loss_weight=[]).to_proto().layer[0].loss_weight) == []


def test_what_is_written_runs(tmp_path: Path) -> None:
    n = caffe.NetSpec()
    n.data = L.Input(shape={"dim": [2, 3, 5, 7]})
    n.pool = L.Pooling(n.data, pool=P.Pooling.MAX, kernel_size=2, stride=2)
    n.lstm = L.LSTM(L.Flatten(n.pool, axis=2), L.DummyData(shape={"dim": [2, 3]}), num_output=2)
    proto = n.to_proto()
    net = caffe.Net(write(tmp_path, str(proto)), caffe.TEST)
    assert net.forward()["lstm"].shape == (2, 3, 2)


def test_deep_nets() -> None:
    top = L.DummyData()
    for _ in range(3000):
        top = L.ReLU(top)
    assert len(top.to_proto().layer) == 3001


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (lambda d: L.Convolution(d, kernl_size=3), r"ConvolutionParameter has no field 'kernl_size'\. Did you mean 'kernel_size'"),
        (lambda d: L.Convolution(d, weight_filler={"typ": "xavier"}), r"FillerParameter has no field 'typ'\. Did you mean 'type'"),
        (lambda d: L.Pooling(d, pool="MAXX"), r"pool cannot be 'MAXX'\. Did you mean 'MAX'"),
        (lambda d: L.Convolution(d, num_output="many"), r"ConvolutionParameter.num_output cannot be 'many'"),
        (lambda d: L.Convolution(d, weight_filler="xavier"), r"ConvolutionParameter.weight_filler cannot be 'xavier'"),
        (lambda d: L.MyOwn(d, speed=3), r"LayerParameter has no field 'speed'"),
        (lambda d: L.Convolution(d, conv_param={}), r"LayerParameter has no field 'conv_param'"),
    ],
)
def test_a_setting_that_is_not_there(layer, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        layer(L.DummyData()).to_proto()


def test_what_is_no_top() -> None:
    data = L.DummyData(ntop=2)
    with pytest.raises(TypeError, match=r"^Silence input 0 is not a Top \(type is <class 'tuple'>\)$"):
        L.Silence(data, ntop=0)
    n = caffe.NetSpec()
    with pytest.raises(TypeError, match=r"n_data is not a Top .* as many names"):
        n.n_data = data
    n.data = data[0]
    with pytest.raises(AttributeError, match=r"the NetSpec has no 'dat'\. Did you mean 'data'"):
        n.dat  # noqa: B018
    with pytest.raises(KeyError, match="Did you mean 'data'"):
        n["dat"]
    with pytest.raises(AttributeError, match=r"settings called PoolinParameter\. Did you mean .*'Pooling'"):
        P.Poolin  # noqa: B018
