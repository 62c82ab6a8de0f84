"""C3D's first release said in stock Caffe's messages what its second says in messages of its own."""

from __future__ import annotations

from typing import Any

import pytest

from netproto.errors import ModelError, Place
from netproto.schema import messages, text, upgrade
from netproto.schema.places import place_of

CASES = {
    "CONVOLUTION3D": (
        "layers { type: CONVOLUTION3D convolution_param { num_output: 5 kernel_size: 3 kernel_depth: 2 pad: 1 stride: 4 temporal_pad: 7"
        " temporal_stride: 6 group: 8 filter_group: 9 bias_term: false weight_filler { std: 0.5 } bias_filler { value: 2 } } }",
        "layer { type: 'Convolution3D' convolution3d_param { num_output: 5 kernel_size: 3 kernel_depth: 2 pad: 1 stride: 4 temporal_pad: 7"
        " temporal_stride: 6 group: 8 filter_group: 9 bias_term: false weight_filler { std: 0.5 } bias_filler { value: 2 } } }",
    ),
    "DECONVOLUTION3D": (
        "layers { type: DECONVOLUTION3D convolution_param { kernel_depth: 2 } }",
        "layer { type: 'Deconvolution3D' convolution3d_param { kernel_depth: 2 } }",
    ),
    "POOLING3D": (
        "layers { type: POOLING3D pooling_param { pool: AVE kernel_size: 2 kernel_depth: 3 stride: 4 temporal_stride: 5 pad: 1 } }",
        "layer { type: 'Pooling3D' pooling3d_param { pool: AVE kernel_size: 2 kernel_depth: 3 stride: 4 temporal_stride: 5 pad: 1 } }",
    ),
    "VIDEO_DATA": (
        "layers { type: VIDEO_DATA image_data_param { source: 's' batch_size: 2 new_length: 8 new_height: 5 new_width: 6 use_image: true"
        " sampling_rate: 3 shuffle: true rand_skip: 4 use_temporal_jitter: true show_data: 1"
        " mean_file: 'm' mean_value: 128 scale: 0.5 crop_size: 4 mirror: true } }",
        "layer { type: 'VideoData' video_data_param { source: 's' batch_size: 2 new_length: 8 new_height: 5 new_width: 6 use_image: true"
        " sampling_rate: 3 shuffle: true rand_skip: 4 use_temporal_jitter: true show_data: true }"
        " transform_param { mean_file: 'm' mean_value: 128 scale: 0.5 crop_size: 4 mirror: true } }",
    ),
}


def upgraded(source: str) -> Any:
    (layer,) = upgrade.net(text.parse(source, messages.NetParameter, file="f")).layer
    return layer


@pytest.mark.parametrize("case", CASES)
def test_the_words_of_the_second_release(case: str) -> None:
    old, new = CASES[case]
    assert messages.without_places(upgraded(old)) == messages.without_places(upgraded(new))


def test_places_follow() -> None:
    layer = upgraded("layers {\n type: CONVOLUTION3D\n convolution_param {\n  kernel_size: 3\n  weight_filler {\n   std: 2 } } }")
    assert place_of(layer, "convolution3d_param.kernel_size") == Place("f", 4, 3)
    assert place_of(layer, "convolution3d_param.weight_filler.std") == Place("f", 6, 4)
    data = upgraded("layers {\n type: VIDEO_DATA\n image_data_param {\n  crop_size: 3\n  new_length: 2 } }")
    assert place_of(data, "transform_param.crop_size") == Place("f", 4, 3)
    assert place_of(data, "video_data_param.new_length") == Place("f", 5, 3)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("type: CONVOLUTION3D convolution_param { kernel_h: 3 }", r"f:1:60: layer 'a' \(Convolution3D\): Convolution3D has no kernel_h"),
        ("type: CONVOLUTION3D convolution_param { pad: 1 pad: 2 }", "pad is written 2 times"),
        ("type: POOLING3D pooling_param { global_pooling: true }", "Pooling3D has no global_pooling"),
        ("type: VIDEO_DATA image_data_param { label_type: PIXEL }", "VideoData has no label_type"),
        ("type: CONVOLUTION convolution_param { temporal_pad: 1 }", "temporal_pad is for Convolution3D and Deconvolution3D of C3D"),
        ("type: POOLING pooling_param { kernel_depth: 1 }", "kernel_depth is for Pooling3D of C3D"),
        ("type: IMAGE_DATA image_data_param { mean_value: 1 }", "mean_value is for VideoData of C3D"),
    ],
)
def test_what_a_layer_does_not_know(source: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        upgraded(f"layers {{ name: 'a' {source} }}")


def test_both_messages_at_once() -> None:
    with pytest.raises(ModelError, match="both convolution_param and convolution3d_param are written"):
        upgraded("layer { type: 'Convolution3D' convolution_param { pad: 1 } convolution3d_param { pad: 1 } }")
