"""caffe_pb2 as scripts use it, with google.protobuf's own tools."""

from __future__ import annotations

import copy
import pickle

import pytest
from google.protobuf import json_format, text_format

import netproto.pycaffe as caffe
from netproto.pycaffe.proto import caffe_pb2


def test_classes_and_enums() -> None:
    assert caffe.proto.caffe_pb2 is caffe_pb2
    assert (caffe_pb2.TRAIN, caffe_pb2.TEST) == (caffe.TRAIN, caffe.TEST) == (0, 1)
    assert caffe_pb2.Phase.Value("TEST") == 1
    assert caffe_pb2.Phase.Name(0) == "TRAIN"
    assert caffe_pb2.PoolingParameter.AVE == caffe_pb2.PoolingParameter.PoolMethod.Value("AVE") == 1
    assert caffe_pb2.V1LayerParameter.CONVOLUTION == 4
    assert caffe_pb2.NetParameter is caffe_pb2.NetParameter
    assert {"NetParameter", "Phase", "TEST", "Datum"} <= set(dir(caffe_pb2))
    assert "LayerParameter" in caffe_pb2.DESCRIPTOR.message_types_by_name
    with pytest.raises(AttributeError, match=r"caffe\.proto has no message and no enum 'NetParam'"):
        caffe_pb2.NetParam  # noqa: B018


def test_a_star_import_brings_all() -> None:
    names: dict[str, object] = {}
    exec("from netproto.pycaffe.proto.caffe_pb2 import *", names)
    assert names["NetParameter"] is caffe_pb2.NetParameter
    assert names["TEST"] == 1


def test_text_format_writes_and_reads_them() -> None:
    net = caffe_pb2.NetParameter(name="n")
    layer = net.layer.add(name="pool", type="Pooling")
    layer.pooling_param.pool = caffe_pb2.PoolingParameter.AVE
    text = text_format.MessageToString(net)
    assert text == 'name: "n"\nlayer {\n  name: "pool"\n  type: "Pooling"\n  pooling_param {\n    pool: AVE\n  }\n}\n' == str(net)
    again = caffe_pb2.NetParameter()
    text_format.Merge(text, again)
    assert again == net
    assert text_format.Parse(text, caffe_pb2.NetParameter()) == net
    assert "place" not in json_format.MessageToDict(net)


def test_copies_and_pickles() -> None:
    datum = caffe_pb2.Datum(label=7, data=b"abc")
    assert copy.deepcopy(datum) == datum
    assert pickle.loads(pickle.dumps(datum)) == datum
