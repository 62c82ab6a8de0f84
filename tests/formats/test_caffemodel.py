"""The three generations of .caffemodel, against protobuf's own reading and writing of the same messages."""

import random
from pathlib import Path

import numpy as np
import pytest

from netproto.errors import FormatError
from netproto.formats import caffemodel, weights
from netproto.formats.weights import Weights
from netproto.formats.wire import LENGTH, header
from netproto.schema import messages

GOLDEN = Path(__file__).parents[1] / "golden" / "solver" / "sgd_step"


def array(*shape, dtype=np.float32):
    return np.random.default_rng(shape).standard_normal(shape).astype(dtype)


def blob(values, *, double=False, legacy=False):
    message = messages.BlobProto()
    (message.double_data if double else message.data).extend(values.ravel().tolist())
    if legacy:
        message.num, message.channels, message.height, message.width = values.shape
    else:
        message.shape.dim.extend(values.shape)
    return message


def small_net():
    net = messages.NetParameter(name="small")
    net.layer.add(name="data", type="Input", top=["data"])
    conv = net.layer.add(name="inception/1x1", type="Convolution", bottom=["data"], top=["conv"], phase=1)
    conv.param.add(lr_mult=2)
    conv.convolution_param.num_output = 2
    net.layer.add(name="ip", type="InnerProduct", bottom=["conv"], top=["ip"])
    return net


def small_weights(dtype=np.float32):
    return {"inception/1x1": [array(2, 3, 5, 7, dtype=dtype), array(2, dtype=dtype)], "ip": [array(3, 7, dtype=dtype)]}


def with_blobs(net, arrays, double=False):
    for layer in net.layer:
        layer.blobs.extend(blob(a, double=double) for a in arrays.get(layer.name, []))
    return net


def assert_same(loaded, arrays):
    assert list(loaded) == list(arrays)
    for name, wanted in arrays.items():
        assert len(loaded[name]) == len(wanted)
        for got, want in zip(loaded[name], wanted, strict=True):
            assert got.shape == want.shape
            assert got.dtype == want.dtype
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_written_bytes_are_protobufs_own(tmp_path, dtype):
    arrays = small_weights(dtype)
    path = tmp_path / "a.caffemodel"
    weights.save(path, Weights(arrays, message=small_net()))
    assert path.read_bytes() == with_blobs(small_net(), arrays, dtype is np.float64).SerializeToString(deterministic=True)
    assert_same(weights.load(path), arrays)


def test_caffes_own_file_is_written_back_byte_for_byte(tmp_path):
    path = GOLDEN / "iter_iter_6.caffemodel"
    loaded = weights.load(path)
    assert {name: [a.shape for a in arrays] for name, arrays in loaded.items()} == {
        "conv1": [(6, 2, 3, 3), (6,)],
        "conv2": [(8, 3, 3, 3), (8,)],
        "ip": [(5, 288), (5,)],
    }
    weights.save(tmp_path / "b.caffemodel", loaded)
    theirs, ours = (messages.NetParameter.FromString(p.read_bytes()) for p in (path, tmp_path / "b.caffemodel"))
    assert ours == theirs


def test_the_net_comes_with_the_weights(tmp_path):
    path = tmp_path / "a.caffemodel"
    path.write_bytes(with_blobs(small_net(), small_weights()).SerializeToString())
    assert weights.load(path).message() == small_net()
    assert 'name: "inception/1x1"' in weights.load(path).text()


def test_fields_that_a_fork_alone_knows_are_warned_of_where_the_net_is_wanted(tmp_path, caplog):
    order, resize = bytes([8, 0, 8, 2]), bytes([8, 2])
    resize = header(8, LENGTH, len(resize)) + resize
    layers = [
        messages.LayerParameter(name="plain").SerializeToString(),
        messages.LayerParameter(name="permute", type="Permute").SerializeToString() + header(202, LENGTH, len(order)) + order,
        messages.LayerParameter(name="data", type="Data").SerializeToString() + header(100, LENGTH, len(resize)) + resize,
    ]
    (tmp_path / "a.caffemodel").write_bytes(b"".join(header(100, LENGTH, len(body)) + body for body in layers))
    loaded = weights.load(tmp_path / "a.caffemodel")
    assert not caplog.records
    assert [layer.name for layer in loaded.message().layer] == ["plain", "permute", "data"]
    assert "layer 'permute' of its net has fields that are not known by their numbers: 202 of LayerParameter. They" in caplog.text
    (tmp_path / "b.caffemodel").write_bytes(header(100, LENGTH, len(layers[2])) + layers[2])
    weights.load(tmp_path / "b.caffemodel").message()
    assert "layer 'data' of its net has fields that are not known by their numbers: 8 of TransformationParameter." in caplog.text


def test_layers_without_a_net_get_a_name(tmp_path):
    path = tmp_path / "a.caffemodel"
    weights.save(path, Weights(small_weights()))
    assert [layer.name for layer in messages.NetParameter.FromString(path.read_bytes()).layer] == ["inception/1x1", "ip"]
    assert_same(weights.load(path), small_weights())


def test_a_layer_that_stands_twice_gets_its_arrays_twice(tmp_path):
    net = messages.NetParameter()
    for phase in (0, 1):
        net.layer.add(name="ip", type="InnerProduct").include.add(phase=phase)
    weights.save(tmp_path / "a.caffemodel", Weights({"ip": [array(3, 7)]}, message=net))
    assert [len(layer.blobs) for layer in messages.NetParameter.FromString((tmp_path / "a.caffemodel").read_bytes()).layer] == [1, 1]


def test_places_never_leave_the_program(tmp_path):
    net = small_net()
    net.layer[0].place.file = net.place.file = "secret.prototxt"
    weights.save(tmp_path / "a.caffemodel", Weights(small_weights(), message=net))
    assert b"secret" not in (tmp_path / "a.caffemodel").read_bytes()


def test_v1_with_legacy_dims(tmp_path):
    net = messages.NetParameter(name="old")
    layer = net.layers.add(name="conv", type=messages.V1LayerParameter.CONVOLUTION, blobs_lr=[1, 2])
    layer.blobs.extend([blob(array(2, 3, 5, 7), legacy=True), blob(array(1, 1, 1, 2), legacy=True)])
    net.layers.add(name="relu", type=messages.V1LayerParameter.RELU)
    path = tmp_path / "v1.caffemodel"
    path.write_bytes(net.SerializeToString())
    loaded = weights.load(path)
    assert_same(loaded, {"conv": [array(2, 3, 5, 7), array(1, 1, 1, 2)]})
    assert [(layer.name, layer.type) for layer in loaded.message().layer] == [("conv", "Convolution"), ("relu", "ReLU")]


def test_v0_layers_lie_in_connections(tmp_path):
    net = messages.NetParameter(name="older")
    connection = net.layers.add(bottom=["data"], top=["ip"])
    connection.layer.name, connection.layer.type, connection.layer.num_output = "ip", "innerproduct", 2
    connection.layer.blobs.extend([blob(array(1, 1, 2, 3), legacy=True)])
    path = tmp_path / "v0.caffemodel"
    path.write_bytes(net.SerializeToString())
    loaded = weights.load(path)
    assert_same(loaded, {"ip": [array(1, 1, 2, 3)]})
    assert [(layer.name, layer.type, layer.bottom[0]) for layer in loaded.message().layer] == [("ip", "InnerProduct", "data")]


def test_legacy_dims_win_over_a_shape(tmp_path):
    message = blob(array(2, 3))
    message.num = message.channels = 1
    message.height, message.width = 3, 2
    net = messages.NetParameter()
    net.layer.add(name="ip").blobs.append(message)
    (tmp_path / "a.caffemodel").write_bytes(net.SerializeToString())
    assert weights.load(tmp_path / "a.caffemodel")["ip"][0].shape == (1, 1, 3, 2)


def test_numbers_that_are_not_packed(tmp_path):
    values = array(3, 5)
    unpacked = (
        b"".join(b"\x2d" + v.tobytes() for v in values.ravel()) + b"\x3a\x02\x08\x03\x3a\x02\x08\x05"
    )  # shape: two messages that merge
    layer = b"\x0a\x02ip\x3a" + bytes([len(unpacked)]) + unpacked
    path = tmp_path / "a.caffemodel"
    path.write_bytes(b"\xa2\x06" + bytes([len(layer)]) + layer)
    assert list(messages.NetParameter.FromString(path.read_bytes()).layer[0].blobs[0].shape.dim) == [3, 5]
    assert_same(weights.load(path), {"ip": [values]})


def test_packed_numbers_in_two_parts(tmp_path):
    values = array(2, 3)
    part = b"\x2a\x0c"
    message = part + values[0].tobytes() + part + values[1].tobytes() + b"\x3a\x04\x0a\x02\x02\x03"
    layer = b"\x0a\x02ip\x3a" + bytes([len(message)]) + message
    (tmp_path / "a.caffemodel").write_bytes(b"\xa2\x06" + bytes([len(layer)]) + layer)
    assert_same(weights.load(tmp_path / "a.caffemodel"), {"ip": [values]})


def test_a_shape_that_does_not_fit_its_values(tmp_path):
    message = blob(array(2, 3))
    message.shape.dim[0] = 5
    net = messages.NetParameter()
    net.layer.add(name="ip").blobs.append(message)
    (tmp_path / "a.caffemodel").write_bytes(net.SerializeToString())
    with pytest.raises(
        FormatError, match=r"a\.caffemodel: is no \.caffemodel, or a broken one: an array of the shape \(5, 3\) has 6 values at byte"
    ):
        weights.load(tmp_path / "a.caffemodel")


def test_a_file_over_two_gigabytes_is_read(tmp_path):
    count = 2**29 + 5
    path = tmp_path / "huge.caffemodel"
    shape = b"\x3a" + bytes([len(dims := b"\x0a\x05" + caffemodel_varint(count))]) + dims
    blob_length = 1 + len(caffemodel_varint(count * 4)) + count * 4 + len(shape)
    layer_length = 4 + 1 + len(caffemodel_varint(blob_length)) + blob_length
    with path.open("wb") as file:
        file.write(b"\xa2\x06" + caffemodel_varint(layer_length) + b"\x0a\x02ip\x3a" + caffemodel_varint(blob_length))
        file.write(b"\x2a" + caffemodel_varint(count * 4))
        file.seek(count * 4 - 4, 1)
        file.write(np.float32(7).tobytes() + shape)
    (values,) = weights.load(path)["ip"]
    assert values.shape == (count,)
    assert values[-1] == 7


def caffemodel_varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def test_the_limit_of_protobuf_is_said_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(caffemodel, "MOST_BYTES", 500)
    path = tmp_path / "a.caffemodel"
    with pytest.raises(
        FormatError, match=r"would have \d+ bytes, but a protobuf file holds at most 500\. Write \.npz, \.h5 or \.safetensors"
    ):
        weights.save(path, Weights(small_weights()))
    assert not path.exists()


def test_a_shared_array_that_is_elsewhere_cannot_be_written(tmp_path):
    with pytest.raises(FormatError, match="blob 1 of layer 'ip' is shared with another layer"):
        weights.save(tmp_path / "a.caffemodel", Weights({"ip": [array(2), None]}))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"layer { name: 'ip' }", b"\x0a\x03net"])
def test_what_is_no_caffemodel(tmp_path, content):
    (tmp_path / "a.caffemodel").write_bytes(content)
    with pytest.raises(FormatError, match=r"a\.caffemodel: (is empty|is no|holds no layers)"):
        weights.load(tmp_path / "a.caffemodel")


def test_a_cut_file_is_an_error_with_its_byte(tmp_path):
    whole = with_blobs(small_net(), small_weights()).SerializeToString()
    path = tmp_path / "a.caffemodel"
    path.write_bytes(whole[: len(whole) - 10])
    with pytest.raises(FormatError, match=r"cut off after \d+ at byte \d+\. Was it copied"):
        weights.load(path)


def test_damage_is_never_another_error(tmp_path):
    whole = with_blobs(small_net(), small_weights()).SerializeToString()
    v1 = messages.NetParameter(name="old")
    v1.layers.add(name="conv", type=4).blobs.extend([blob(array(1, 1, 2, 3), legacy=True)])
    dice = random.Random(5)
    path = tmp_path / "a.caffemodel"
    outcomes = set()
    for trial in range(1500):
        damaged = bytearray(whole if trial % 3 else v1.SerializeToString())
        if trial % 2:
            del damaged[dice.randrange(len(damaged)) :]
        for _ in range(dice.randrange(1, 4)):
            if damaged:
                damaged[dice.randrange(min(len(damaged), 90))] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            loaded = weights.load(path)
            outcomes.add("loaded")
            loaded.message()
        except FormatError:
            outcomes.add("refused")
    assert outcomes == {"loaded", "refused"}
