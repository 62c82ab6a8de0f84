"""Fields of Caffe's forks in stock Caffe's words, and fields that change nothing."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from netproto.errors import ModelError, Place
from netproto.schema import messages, text, upgrade
from netproto.schema.places import place_of


def parse_net(source: str) -> Any:
    return text.parse(source, messages.NetParameter, file="f")


def layers_of(source: str) -> list[str]:
    """The upgraded layers as text, one a line."""
    return [" ".join(text.dump(layer).split()) for layer in upgrade.net(parse_net(source)).layer]


@pytest.mark.parametrize(
    ("param", "wanted"),
    [
        ("ceil_mode: false", "round_mode: FLOOR"),
        ("ceil_mode: true", ""),
        ("ceil_mode: false round_mode: CEIL", "round_mode: CEIL"),
        ("ceil_mode: true round_mode: FLOOR", "round_mode: FLOOR"),
    ],
)
def test_ceil_mode_is_round_mode(param: str, wanted: str) -> None:
    (layer,) = layers_of(f"layer {{ type: 'Pooling' pooling_param {{ kernel_size: 3 {param} }} }}")
    assert layer == f'type: "Pooling" pooling_param {{ kernel_size: 3 {wanted} }}'.replace("  ", " ")


def test_hole_is_dilation() -> None:
    (layer,) = layers_of("layer { type: 'Convolution' convolution_param { num_output: 5 hole: 4 } }")
    assert layer == 'type: "Convolution" convolution_param { num_output: 5 dilation: 4 }'
    with pytest.raises(ModelError, match=r"f:1:49: layer '' \(Convolution\): both hole and dilation are written"):
        layers_of("layer { type: 'Convolution' convolution_param { hole: 4 dilation: 2 } }")


def test_places_follow_their_fields() -> None:
    source = "layer {\n type: 'Convolution'\n convolution_param {\n  hole: 4 } }\nlayer {\n pooling_param {\n  ceil_mode: false } }"
    convolution, pooling = upgrade.net(parse_net(source)).layer
    assert place_of(convolution, "convolution_param.dilation[0]") == Place("f", 4, 3)
    assert place_of(pooling, "pooling_param.round_mode") == Place("f", 7, 3)


def test_a_fused_relu_is_a_layer_of_its_own() -> None:
    source = """
    layer { name: 'a' type: 'Convolution' bottom: 'x' top: 'y' include { phase: TEST } phase: TRAIN
            convolution_param { num_output: 3 fuse_type: FUSED_CONV_RELU relu_param { negative_slope: 0.5 } } }
    layer { name: 'b' type: 'Convolution' bottom: 'y' top: 'z' convolution_param { num_output: 3 fuse_type: UNFUSED } }
    """
    convolution, relu, second = layers_of(source)
    state = "include { phase: TEST }"
    written = f'name: "a" type: "Convolution" bottom: "x" top: "y" {state} phase: TRAIN convolution_param {{ num_output: 3 }}'
    assert convolution == written
    assert relu == f'name: "a/relu" type: "ReLU" bottom: "y" top: "y" {state} phase: TRAIN relu_param {{ negative_slope: 0.5 }}'
    assert second == 'name: "b" type: "Convolution" bottom: "y" top: "z" convolution_param { num_output: 3 }'
    assert place_of(upgrade.net(parse_net(source)).layer[1]) == Place("f", 2, 5)


def test_a_fused_pooling_is_a_layer_of_its_own() -> None:
    source = (
        "layer { name: 'n' type: 'LRN' bottom: 'x' top: 'y' exclude { stage: 's' }"
        " lrn_param { local_size: 3 fuse_type: FUSED_POOL_MAX pooling_param { kernel_size: 3 stride: 2 ceil_mode: true } } }"
    )
    lrn, pooling = layers_of(source)
    assert lrn == 'name: "n" type: "LRN" bottom: "x" top: "y/lrn" exclude { stage: "s" } lrn_param { local_size: 3 }'
    assert pooling.startswith('name: "n/pooling" type: "Pooling" bottom: "y/lrn" top: "y" exclude { stage: "s" } pooling_param {')
    (alone,) = layers_of("layer { name: 'n' type: 'LRN' bottom: 'x' top: 'y' lrn_param { fuse_type: UNFUSED } }")
    assert alone == 'name: "n" type: "LRN" bottom: "x" top: "y" lrn_param { }'


def test_another_fusion_is_refused() -> None:
    with pytest.raises(ModelError, match=r"f:1:59: layer 'a' \(Convolution\): fuse_type FUSED_CONV_ELTWISE_RELU is not known"):
        layers_of("layer { name: 'a' type: 'Convolution' convolution_param { fuse_type: FUSED_CONV_ELTWISE_RELU } }")


def test_fields_that_change_nothing_are_dropped_with_one_warning_each(caplog: pytest.LogCaptureFixture) -> None:
    source = """default_forward_type: FLOAT16
    global_grad_scale: 1000 global_grad_scale_adaptive: true eltwise_mem_sharing: false
    layer { forward_type: FLOAT data_param { source: 'a'
      cache: true } }
    layer { forward_type: FLOAT backward_type: FLOAT16 image_data_param { cache: true } }
    """
    with caplog.at_level(logging.WARNING):
        upgraded = upgrade.net(parse_net(source))
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 8
    assert "f:1:1: default_forward_type is read, but not obeyed: all is computed in float32" in lines
    assert "f:4:7: data_param.cache is read, but not obeyed: results do not depend on it" in lines
    assert "f:3:13: forward_type is read, but not obeyed: all is computed in float32" in lines
    assert (
        text.dump(upgraded).split() == text.dump(parse_net("layer { data_param { source: 'a' } } layer { image_data_param { } }")).split()
    )


def test_a_solvers_number_type_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        upgraded = upgrade.solver(text.parse("solver_data_type: FLOAT16 max_iter: 5", messages.SolverParameter, file="s"))
    assert text.dump(upgraded) == "max_iter: 5\n"
    assert [record.getMessage() for record in caplog.records] == [
        "s:1:1: solver_data_type is read, but not obeyed: all is computed in float32"
    ]


def test_a_net_of_stock_caffe_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    source = "layer { type: 'Pooling' pooling_param { kernel_size: 3 } } layer { type: 'Convolution' convolution_param { num_output: 1 } }"
    with caplog.at_level(logging.WARNING):
        assert upgrade.net(parse_net(source)) == parse_net(source)
    assert not caplog.records


def test_names_of_random_sizes() -> None:
    source = (
        "layer { type: 'Data' transform_param { var_sz_img_rand_resize_lower: 5 var_sz_img_rand_resize_upper: 7 var_sz_img_rand_crop: 3 } }"
    )
    upgraded = upgrade.net(parse_net(source)).layer[0]
    param = upgraded.transform_param
    assert (param.img_rand_resize_lower, param.img_rand_resize_upper, param.crop_size, param.allow_upscale) == (5, 7, 3, True)
    assert messages.enum_name(param, "interpolation_algo_down") == "INTER_AREA"
    assert "var_sz" not in text.dump(upgraded)
    assert place_of(upgraded, "transform_param.crop_size") == Place("f", 1, 104)
    (layer,) = layers_of("layer { type: 'Data' transform_param { var_sz_img_center_crop: 9 } }")
    assert layer == 'type: "Data" transform_param { crop_size: 9 }'
    with pytest.raises(ModelError, match="the window's size is written twice"):
        layers_of("layer { type: 'Data' transform_param { var_sz_img_center_crop: 9 crop_size: 9 } }")


def test_what_deeplab_calls_softmaxloss_param() -> None:
    (layer,) = layers_of("layers { type: SOFTMAX_LOSS softmaxloss_param { } }")
    assert layer == 'type: "SoftmaxWithLoss"'
    source = "layers { type: SOFTMAX_LOSS softmaxloss_param {\n ignore_label: 255 } }"
    (layer,) = layers_of(source)
    assert layer == 'type: "SoftmaxWithLoss" loss_param { ignore_label: 255 }'
    assert place_of(upgrade.net(parse_net(source)).layer[0], "loss_param.ignore_label") == Place("f", 2, 2)


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("softmaxloss_param { weight_source: 'w' }", "f:1:49: layer 'a' .* a file with weights for classes is not known"),
        ("softmaxloss_param { ignore_label: 1 ignore_label: 2 }", "f:1:65: layer 'a' .* several labels to ignore"),
        ("softmaxloss_param { } loss_param { ignore_label: 1 }", "both softmaxloss_param and loss_param are written"),
    ],
)
def test_what_softmaxloss_param_cannot_say(param: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        layers_of(f"layer {{ name: 'a' type: 'S' {param} }}")


def test_strict_dim_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        upgraded = upgrade.net(parse_net("layers { name: 'a' strict_dim: false type: RELU } layers { name: 'b' strict_dim: true }"))
    assert [layer.name for layer in upgraded.layer] == ["a", "b"]
    (record,) = caplog.records
    assert record.getMessage() == "f:1:20: strict_dim is read, but not obeyed: arrays that are loaded must have their layer's shapes"
