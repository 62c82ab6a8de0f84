"""`layers { type: CONVOLUTION }`: every type, every field, what ParamSpec took over, transforms in their old places."""

from __future__ import annotations

from typing import Any

import pytest

from netproto.errors import ModelError, Place
from netproto.schema import messages, text, upgrade
from netproto.schema.places import place_of

from .caffe_table import enum_rows, field_rows, fork_enum_rows, fork_field_rows

TYPES = {
    "ABSVAL": "AbsVal",
    "ACCURACY": "Accuracy",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData",
    "ELTWISE": "Eltwise",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN",
    "NONE": "",
    "POOLING": "Pooling",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
}
FORKS = {
    "CONVOLUTION3D": "Convolution3D",
    "DECONVOLUTION3D": "Deconvolution3D",
    "IMAGE_SEG_DATA": "ImageSegData",
    "INTERP": "Interp",
    "MAT_WRITE": "MatWrite",
    "PADDING": "Padding",
    "POOLING3D": "Pooling3D",
    "SEG_ACCURACY": "SegAccuracy",
    "VIDEO_DATA": "VideoData",
}

CASES = {
    # layers { ... }, the same as layer { ... }
    "names and blobs": (
        "name: 'a' type: RELU bottom: 'b' bottom: 'c' top: 'd' loss_weight: 2 loss_weight: 3",
        "name: 'a' type: 'ReLU' bottom: 'b' bottom: 'c' top: 'd' loss_weight: 2 loss_weight: 3",
    ),
    "no type": ("name: 'a'", "name: 'a'"),
    "rules": ("include { phase: TRAIN } include { stage: 's' }", "include { phase: TRAIN } include { stage: 's' }"),
    "exclude": ("exclude { min_level: 2 }", "exclude { min_level: 2 }"),
    "multipliers": (
        "blobs_lr: 1 blobs_lr: 2 weight_decay: 3 weight_decay: 0",
        "param { lr_mult: 1 decay_mult: 3 } param { lr_mult: 2 decay_mult: 0 }",
    ),
    "more rates than decays": ("blobs_lr: 1 blobs_lr: 2 weight_decay: 5", "param { lr_mult: 1 decay_mult: 5 } param { lr_mult: 2 }"),
    "more decays than rates": ("blobs_lr: 1 weight_decay: 5 weight_decay: 7", "param { lr_mult: 1 decay_mult: 5 } param { decay_mult: 7 }"),
    "shared": (
        "param: 'w' param: '' blob_share_mode: PERMISSIVE blob_share_mode: STRICT blobs_lr: 2 blobs_lr: 3 blobs_lr: 5",
        "param { name: 'w' share_mode: PERMISSIVE lr_mult: 2 } param { name: '' share_mode: STRICT lr_mult: 3 } param { lr_mult: 5 }",
    ),
    "weights": ("blobs { num: 2 data: [1, 2] } blobs { double_data: 3 }", "blobs { num: 2 data: [1, 2] } blobs { double_data: 3 }"),
    "data": (
        "type: DATA data_param { source: 's' scale: 0.5 mean_file: 'm' crop_size: 7 mirror: false backend: LMDB }",
        "type: 'Data' data_param { source: 's' backend: LMDB } transform_param { scale: 0.5 mean_file: 'm' crop_size: 7 mirror: false }",
    ),
    "images": (
        "type: IMAGE_DATA image_data_param { mirror: true new_height: 5 }",
        "type: 'ImageData' image_data_param { new_height: 5 } transform_param { mirror: true }",
    ),
    "windows": (
        "type: WINDOW_DATA window_data_param { crop_size: 7 fg_threshold: 0.75 }",
        "type: 'WindowData' window_data_param { fg_threshold: 0.75 } transform_param { crop_size: 7 }",
    ),
    "both places: the old one wins": (
        "type: DATA data_param { scale: 2 } transform_param { scale: 3 mean_value: 5 }",
        "type: 'Data' data_param { } transform_param { scale: 2 mean_value: 5 }",
    ),
    "the new place alone": (
        "type: DATA data_param { source: 's' } transform_param { scale: 3 }",
        "type: 'Data' data_param { source: 's' } transform_param { scale: 3 }",
    ),
    "of another type": ("type: RELU data_param { scale: 2 }", "type: 'ReLU' data_param { scale: 2 }"),
}


def parse_net(source: str) -> Any:
    return text.parse(source, messages.NetParameter, file="f")


@pytest.mark.parametrize("case", CASES)
def test_layer(case: str) -> None:
    old, new = CASES[case]
    upgraded = upgrade.net(parse_net(f"name: 'n' layers {{ {old} }} layers {{ name: 'next' }}"))
    expected = parse_net(f"name: 'n' layer {{ {new} }} layer {{ name: 'next' }}")
    assert messages.without_places(upgraded) == messages.without_places(expected)


def test_the_table_of_types_is_whole() -> None:
    assert set(TYPES) == {row.value for row in enum_rows() if row.enum == "V1LayerParameter.LayerType"}
    assert set(FORKS) == {row.value for row in fork_enum_rows() if row.enum == "V1LayerParameter.LayerType"}


@pytest.mark.parametrize("old", [*TYPES, *FORKS])
def test_type(old: str) -> None:
    (layer,) = upgrade.net(parse_net(f"layers {{ type: {old} }}")).layer
    assert layer.type == (TYPES | FORKS)[old]


PARAMS = [
    row.field
    for row in (*field_rows(), *fork_field_rows())
    if row.message == "V1LayerParameter" and row.field.endswith("_param") and row.field not in ("mat_write_param", "softmaxloss_param")
]


@pytest.mark.parametrize("field", PARAMS)
def test_every_param_message_is_kept(field: str) -> None:
    (layer,) = upgrade.net(parse_net(f"layers {{ {field} {{ }} }}")).layer
    assert layer.HasField(field)


def test_the_rest_of_the_net_is_kept_and_the_old_one_unchanged() -> None:
    old = parse_net("name: 'n' force_backward: true state { level: 3 } debug_info: true layers { type: DATA data_param { scale: 2 } }")
    before = old.SerializeToString(deterministic=True)
    new = upgrade.net(old)
    assert (new.name, new.force_backward, new.state.level, new.debug_info) == ("n", True, 3, True)
    assert not new.layers
    assert old.SerializeToString(deterministic=True) == before
    assert upgrade.net(new) == new


def test_fields_keep_their_places() -> None:
    source = "layers {\n name: 'a' type: DATA\n blobs_lr: 1 blobs_lr: 2\n data_param {\n  crop_size: 7 source: 's' } param: 'w' }"
    (layer,) = upgrade.net(parse_net(source)).layer
    places = {"": (1, 1), "type": (2, 12), "param[1].lr_mult": (3, 14), "transform_param.crop_size": (5, 3), "data_param.source": (5, 16)}
    assert {path: place_of(layer, path) for path in places} == {path: Place("f", *at) for path, at in places.items()}
    assert place_of(layer, "param[0].name") == Place("f", 5, 30)


def test_both_forms_in_one_net() -> None:
    with pytest.raises(ModelError, match=r"f:2:1: the net has both 'layer' and 'layers'\. Write all"):
        upgrade.net(parse_net("layer { name: 'a' }\nlayers { name: 'b' }"))
