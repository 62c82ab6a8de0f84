"""`layers { layer { type: "conv" } }`: every type and field, padding layers made part of those behind them."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from netproto.errors import ModelError, Place
from netproto.schema import messages, text, upgrade
from netproto.schema.places import place_of

from .caffe_table import field_rows

TYPES = {
    "accuracy": "Accuracy",
    "bnll": "BNLL",
    "concat": "Concat",
    "conv": "Convolution",
    "data": "Data",
    "dropout": "Dropout",
    "euclidean_loss": "EuclideanLoss",
    "flatten": "Flatten",
    "hdf5_data": "HDF5Data",
    "hdf5_output": "HDF5Output",
    "im2col": "Im2col",
    "images": "ImageData",
    "infogain_loss": "InfogainLoss",
    "innerproduct": "InnerProduct",
    "lrn": "LRN",
    "multinomial_logistic_loss": "MultinomialLogisticLoss",
    "pool": "Pooling",
    "relu": "ReLU",
    "sigmoid": "Sigmoid",
    "softmax": "Softmax",
    "softmax_loss": "SoftmaxWithLoss",
    "split": "Split",
    "tanh": "TanH",
    "window_data": "WindowData",
}

CASES = {
    # what stands inside `layers { layer { name: 'a' ... } bottom: 'b' top: 'c' }`, and behind the names in `layer { ... }`
    "conv": (
        "type: 'conv' num_output: 96 biasterm: false weight_filler { type: 'xavier' } bias_filler { value: 1 }"
        " pad: 2 kernelsize: 11 group: 3 stride: 5",
        "type: 'Convolution' convolution_param { num_output: 96 bias_term: false weight_filler { type: 'xavier' } bias_filler { value: 1 }"
        " pad: 2 kernel_size: 11 group: 3 stride: 5 }",
    ),
    "innerproduct": (
        "type: 'innerproduct' num_output: 7 biasterm: true weight_filler { std: 2 } bias_filler { value: 3 }",
        "type: 'InnerProduct' inner_product_param { num_output: 7 bias_term: true weight_filler { std: 2 } bias_filler { value: 3 } }",
    ),
    "multipliers and weights": (
        "type: 'conv' blobs_lr: 2 blobs_lr: 3 weight_decay: 5 blobs { num: 7 }",
        "type: 'Convolution' param { lr_mult: 2 decay_mult: 5 } param { lr_mult: 3 } blobs { num: 7 }",
    ),
    "pool": (
        "type: 'pool' pool: STOCHASTIC pad: 2 kernelsize: 3 stride: 5",
        "type: 'Pooling' pooling_param { pool: STOCHASTIC pad: 2 kernel_size: 3 stride: 5 }",
    ),
    "pool AVE": ("type: 'pool' pool: AVE", "type: 'Pooling' pooling_param { pool: AVE }"),
    "pool MAX": ("type: 'pool' pool: MAX", "type: 'Pooling' pooling_param { pool: MAX }"),
    "lrn": (
        "type: 'lrn' local_size: 3 alpha: 0.5 beta: 0.25 k: 2",
        "type: 'LRN' lrn_param { local_size: 3 alpha: 0.5 beta: 0.25 k: 2 }",
    ),
    "dropout": ("type: 'dropout' dropout_ratio: 0.75", "type: 'Dropout' dropout_param { dropout_ratio: 0.75 }"),
    "concat": ("type: 'concat' concat_dim: 0", "type: 'Concat' concat_param { concat_dim: 0 }"),
    "data": (
        "type: 'data' source: 's' scale: 0.5 meanfile: 'm' batchsize: 5 cropsize: 7 mirror: true rand_skip: 3",
        "type: 'Data' data_param { source: 's' batch_size: 5 rand_skip: 3 }"
        " transform_param { scale: 0.5 mean_file: 'm' crop_size: 7 mirror: true }",
    ),
    "images": (
        "type: 'images' source: 's' batchsize: 5 rand_skip: 3 shuffle_images: true new_height: 11 new_width: 13",
        "type: 'ImageData' image_data_param { source: 's' batch_size: 5 rand_skip: 3 shuffle: true new_height: 11 new_width: 13 }",
    ),
    "window_data": (
        "type: 'window_data' source: 's' batchsize: 5 det_fg_threshold: 0.5 det_bg_threshold: 0.25 det_fg_fraction: 0.125"
        " det_context_pad: 3 det_crop_mode: 'square'",
        "type: 'WindowData' window_data_param { source: 's' batch_size: 5 fg_threshold: 0.5 bg_threshold: 0.25 fg_fraction: 0.125"
        " context_pad: 3 crop_mode: 'square' }",
    ),
    "hdf5_data": ("type: 'hdf5_data' source: 's' batchsize: 5", "type: 'HDF5Data' hdf5_data_param { source: 's' batch_size: 5 }"),
    "hdf5_output": (
        "type: 'hdf5_output' hdf5_output_param { file_name: 'o' }",
        "type: 'HDF5Output' hdf5_output_param { file_name: 'o' }",
    ),
    "infogain_loss": ("type: 'infogain_loss' source: 's'", "type: 'InfogainLoss' infogain_loss_param { source: 's' }"),
    "defaults that are written": ("type: 'conv' group: 1 stride: 1", "type: 'Convolution' convolution_param { group: 1 stride: 1 }"),
}

PADDED = """
layers { layer { name: 'data' type: 'data' } top: 'data' }
layers { layer { name: 'pad1' type: 'padding' pad: 2 } bottom: 'data' top: 'pad1' }
layers { layer { name: 'conv1' type: 'conv' kernelsize: 5 } bottom: 'pad1' top: 'conv1' }
layers { layer { name: 'pool1' type: 'pool' } bottom: 'pad1' top: 'pool1' }
"""


def parse_net(source: str) -> Any:
    return text.parse(source, messages.NetParameter, file="f")


@pytest.mark.parametrize("case", CASES)
def test_layer(case: str) -> None:
    old, new = CASES[case]
    upgraded = upgrade.net(parse_net(f"name: 'n' layers {{ layer {{ name: 'a' {old} }} bottom: 'b' top: 'c' top: 'd' }}"))
    expected = parse_net(f"name: 'n' layer {{ name: 'a' bottom: 'b' top: 'c' top: 'd' {new} }}")
    assert messages.without_places(upgraded) == messages.without_places(expected)


@pytest.mark.parametrize("old", TYPES)
def test_type(old: str) -> None:
    (layer,) = upgrade.net(parse_net(f"layers {{ layer {{ type: '{old}' }} }}")).layer
    assert layer.type == TYPES[old]


def test_every_field_is_tried() -> None:
    tried = " ".join(old for old, _ in CASES.values())
    dropped = {"name", "new_num", "new_channels"}  # new_num and new_channels had lost their use when Caffe's upgrade was written
    assert {row.field for row in field_rows() if row.message == "V0LayerParameter" and row.field not in tried} <= dropped


def test_an_unknown_type() -> None:
    with pytest.raises(ModelError, match=r"f:2:18: layer 'a': unknown layer type 'convolve' in a V0 net\. Did you mean 'conv'"):
        upgrade.net(parse_net("layers {\n layer {name:'a' type: 'convolve' } }"))


def test_no_type() -> None:
    with pytest.raises(ModelError, match=r"f:1:10: layer 'a': unknown layer type '' in a V0 net"):
        upgrade.net(parse_net("layers { layer { name: 'a' num_output: 3 } }"))


def test_a_field_that_its_type_has_no_use_for_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        (layer,) = upgrade.net(parse_net("layers {\n layer { name: 'a' type: 'relu' num_output: 3 new_num: 5 } }")).layer
    assert caplog.messages == [
        "f:2:33: layer 'a': a relu layer has no use for num_output",
        "f:2:47: layer 'a': a relu layer has no use for new_num",
    ]
    assert messages.without_places(layer) == messages.LayerParameter(name="a", type="ReLU")


def test_padding_becomes_part_of_what_reads_it() -> None:
    net = upgrade.net(parse_net(PADDED))
    assert [layer.name for layer in net.layer] == ["data", "conv1", "pool1"]
    assert [list(layer.bottom) for layer in net.layer] == [[], ["data"], ["data"]]
    assert list(net.layer[1].convolution_param.pad) == [2]
    assert net.layer[2].pooling_param.pad == 2


def test_padding_of_an_input() -> None:
    source = "input: 'x' input_dim: [1, 2, 3, 5] " + PADDED.replace("'data'", "'x'").replace("type: 'x'", "type: 'relu'")
    net = upgrade.net(parse_net(source))
    assert list(net.layer[2].bottom) == ["x"]


def test_padding_ends_where_its_top_is_made_anew() -> None:
    again = "layers { layer { name: 'new' type: 'relu' } bottom: 'data' top: 'pad1' }"
    net = upgrade.net(parse_net(PADDED.replace("layers { layer { name: 'conv1'", again + "layers { layer { name: 'conv1'")))
    assert list(net.layer[2].bottom) == ["pad1"]
    assert not net.layer[2].convolution_param.pad


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("type: 'conv'", "type: 'relu'", r"f:4:61: layer 'conv1': a relu layer reads the top of the padding layer 'pad1'"),
        ("bottom: 'pad1' top: 'conv1'", "bottom: 'pad1' bottom: 'data' top: 'conv1'", r"f:3:1: layer 'conv1': padding layer 'pad1'"),
        ("bottom: 'data' top: 'pad1'", "bottom: 'data' bottom: 'data' top: 'pad1'", "must have one bottom each"),
        ("bottom: 'data' top: 'pad1'", "bottom: 'data' top: 'pad1' top: 'more'", "the former one top"),
    ],
)
def test_padding_that_cannot_be_taken(old: str, new: str, what: str) -> None:
    assert old in PADDED
    with pytest.raises(ModelError, match=what):
        upgrade.net(parse_net(PADDED.replace(old, new)))


def test_fields_keep_their_places() -> None:
    conv = upgrade.net(parse_net(PADDED)).layer[1]
    assert place_of(conv) == Place("f", 4, 1)
    assert place_of(conv, "convolution_param.kernel_size") == Place("f", 4, 45)
    assert place_of(conv, "convolution_param.pad") == Place("f", 3, 47)
    assert place_of(conv, "type") == Place("f", 4, 32)


def test_newer_layers_among_them_are_kept() -> None:
    net = upgrade.net(parse_net(PADDED + "layers { name: 'r' type: RELU bottom: 'conv1' relu_param { negative_slope: 2 } }"))
    assert (net.layer[3].name, net.layer[3].type, net.layer[3].relu_param.negative_slope) == ("r", "ReLU", 2)
