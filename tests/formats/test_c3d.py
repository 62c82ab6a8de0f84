"""Weights and means of C3D's first release, whose BlobProto has five dims, and other numbers behind them; written by protobuf itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

from netproto.errors import FormatError
from netproto.formats import blobproto, weights
from netproto.formats.wire import Reader
from netproto.net.loading import copy_weights
from tests.layers.one_layer import net_with

DIMS = ("num", "channels", "length", "height", "width")


def c3d_classes() -> tuple[type[Any], type[Any]]:
    """BlobProto and NetParameter of C3D's first release, as far as weights need them."""
    field, file = FieldDescriptorProto, FileDescriptorProto(name="c3d.proto", package="c3d", syntax="proto2")
    blob = file.message_type.add(name="BlobProto")
    for number, name in enumerate(DIMS, 1):
        blob.field.add(name=name, number=number, label=field.LABEL_OPTIONAL, type=field.TYPE_INT32)
    for number, name in ((6, "data"), (7, "diff")):
        blob.field.add(name=name, number=number, label=field.LABEL_REPEATED, type=field.TYPE_FLOAT).options.packed = True
    layer = file.message_type.add(name="LayerParameter")
    layer.field.add(name="name", number=4, label=field.LABEL_OPTIONAL, type=field.TYPE_STRING)
    layer.field.add(name="type", number=5, label=field.LABEL_OPTIONAL, type=field.TYPE_INT32)
    layer.field.add(name="blobs", number=6, label=field.LABEL_REPEATED, type=field.TYPE_MESSAGE, type_name=".c3d.BlobProto")
    net = file.message_type.add(name="NetParameter")
    net.field.add(name="layers", number=2, label=field.LABEL_REPEATED, type=field.TYPE_MESSAGE, type_name=".c3d.LayerParameter")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = (message_factory.GetMessageClass(pool.FindMessageTypeByName(f"c3d.{name}")) for name in ("BlobProto", "NetParameter"))
    return next(classes), next(classes)


BlobProto, NetParameter = c3d_classes()


def blob(array: np.ndarray, *, diff: bool = False) -> Any:
    values = array.ravel().tolist()
    return BlobProto(**dict(zip(DIMS, array.shape, strict=True)), data=values, diff=values if diff else [])


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(shape).standard_normal(shape).astype("float32")


@pytest.mark.parametrize("diff", [False, True])
def test_five_dims(diff: bool) -> None:
    array = drawn(2, 3, 5, 7, 4)
    np.testing.assert_array_equal(blobproto.read(Reader(blob(array, diff=diff).SerializeToString())), array)


def test_a_wrong_number_of_values(tmp_path: Path) -> None:
    net = NetParameter()
    net.layers.add(name="a", blobs=[BlobProto(num=1, channels=2, length=3, height=4, width=5, data=[0.5] * 7)])
    (tmp_path / "a.caffemodel").write_bytes(net.SerializeToString())
    with pytest.raises(FormatError, match=r"\(1, 2, 3, 4, 5\) has 7 values"):
        weights.load(tmp_path / "a.caffemodel")


def test_weights_go_into_the_layers_of_their_names(tmp_path: Path) -> None:
    kernel, bias = drawn(4, 3, 2, 3, 3), drawn(1, 1, 1, 1, 4)
    net = NetParameter()
    net.layers.add(name="L", type=30, blobs=[blob(kernel), blob(bias)])
    (tmp_path / "a.caffemodel").write_bytes(net.SerializeToString())
    convolution = net_with("Convolution3D", "convolution3d_param { num_output: 4 kernel_depth: 2 kernel_size: 3 }", (1, 3, 5, 7, 6))
    copy_weights(convolution, weights.load(tmp_path / "a.caffemodel"))
    np.testing.assert_array_equal(convolution.params["L"][0].data, kernel)
    np.testing.assert_array_equal(convolution.params["L"][1].data, bias)


def test_an_inner_products_weights_have_ones_in_front(tmp_path: Path) -> None:
    matrix, bias = drawn(1, 1, 1, 5, 7), drawn(1, 1, 1, 1, 5)
    net = NetParameter()
    net.layers.add(name="L", type=14, blobs=[blob(matrix), blob(bias)])
    (tmp_path / "a.caffemodel").write_bytes(net.SerializeToString())
    product = net_with("InnerProduct", "inner_product_param { num_output: 5 }", (2, 7))
    copy_weights(product, weights.load(tmp_path / "a.caffemodel"))
    np.testing.assert_array_equal(product.params["L"][0].data, matrix[0, 0, 0])


def test_the_net_is_left_out_since_its_numbers_mean_something_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    argmax_of_caffe, bias = 30, drawn(1, 1, 1, 1, 4)
    net = NetParameter()
    net.layers.add(name="conv1a", type=argmax_of_caffe, blobs=[blob(bias)])
    (tmp_path / "a.caffemodel").write_bytes(net.SerializeToString())
    loaded = weights.load(tmp_path / "a.caffemodel")
    assert not caplog.records
    assert loaded.message() is None
    assert ["is of C3D's first release" in record.getMessage() for record in caplog.records] == [True]
    weights.save(tmp_path / "b.caffemodel", loaded)
    again = weights.load(tmp_path / "b.caffemodel")
    message = again.message()
    assert message is not None
    assert message.layer[0].type == ""
    np.testing.assert_array_equal(again["conv1a"][0], bias)
