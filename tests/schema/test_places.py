"""Where each field stands: noted by the parser, kept by copies."""

from __future__ import annotations

from typing import Any

import pytest

from netproto.errors import Place
from netproto.schema import messages, text
from netproto.schema.places import carry_place, label, nearest_path, place_of

NET = """\
name: "net"
input_dim: [2, 3]
input_dim: 5
layer {
  name: "conv1" type: "Convolution"
  bottom: "a"
  bottom: "b"
  param { lr_mult: 1 }
  param { name: "w"
          lr_mult: 2 }
  convolution_param {
    kernel_size: 3
    kernel_size: 5 stride: [7,
      2]
    weight_filler { type: "xavier" }
  }
  blobs { num: 1 }
}
layers { layer { kernelsize: 3 } }
"""

LAYER_PLACES = {
    "": (4, 1),
    "name": (5, 3),
    "type": (5, 17),
    "bottom": (7, 3),
    "bottom[0]": (6, 3),
    "bottom[1]": (7, 3),
    "param": (9, 3),
    "param[0]": (8, 3),
    "param[0].lr_mult": (8, 11),
    "param[1].name": (9, 11),
    "param[1].lr_mult": (10, 11),
    "convolution_param": (11, 3),
    "convolution_param.kernel_size": (13, 5),
    "convolution_param.kernel_size[0]": (12, 5),
    "convolution_param.stride": (13, 20),
    "convolution_param.stride[0]": (13, 29),
    "convolution_param.stride[1]": (14, 7),
    "convolution_param.weight_filler.type": (15, 21),
    "blobs[0]": (17, 3),
    # what is not written is where the nearest thing around it is
    "convolution_param.pad": (11, 3),
    "convolution_param.weight_filler.std": (15, 5),
    "param[1].decay_mult": (9, 3),
    "bottom[7]": (7, 3),
    "blobs[0].num": (17, 3),
    "top": (4, 1),
}


@pytest.fixture
def net() -> Any:
    return text.parse(NET, messages.NetParameter, file="n.prototxt")


@pytest.mark.parametrize("path", LAYER_PLACES)
def test_places_in_a_layer(net: Any, path: str) -> None:
    assert place_of(net.layer[0], path) == Place("n.prototxt", *LAYER_PLACES[path])


def test_places_in_a_net(net: Any) -> None:
    assert place_of(net, "name") == Place("n.prototxt", 1, 1)
    assert place_of(net, "input_dim[1]") == Place("n.prototxt", 2, 16)
    assert place_of(net, "input_dim[2]") == Place("n.prototxt", 3, 1)
    assert place_of(net, "layer") == Place("n.prototxt", 4, 1)


def test_places_in_an_older_layer(net: Any) -> None:
    assert place_of(net.layers[0], "layer.kernelsize") == Place("n.prototxt", 19, 18)


def test_places_in_a_solver() -> None:
    solver = text.parse("max_iter: 3\nnet_param {\n layer { top: 'a' } }", messages.SolverParameter, file="s")
    assert place_of(solver, "max_iter") == Place("s", 1, 1)
    assert place_of(solver.net_param.layer[0], "top[0]") == Place("s", 3, 10)


def test_a_copy_keeps_its_places(net: Any) -> None:
    copy = messages.NetParameter()
    copy.CopyFrom(net)
    assert place_of(copy.layer[0], "type") == Place("n.prototxt", 5, 17)


def test_a_message_from_no_file_has_no_place() -> None:
    assert place_of(messages.LayerParameter(name="a"), "name") is None


def test_no_places_inside_arrays(net: Any) -> None:
    assert not any("num" in field.path for field in net.layer[0].place.field)


def test_label(net: Any) -> None:
    assert label(net.layer[0]) == "layer 'conv1' (Convolution)"


def test_nearest_path() -> None:
    known = ["a", "a[1]", "b.c"]
    assert [nearest_path(p, known) for p in ("a[1].x.y", "a[2].x", "b.c[3]", "b.d", "c", "")] == ["a[1]", "a", "b.c", "", "", ""]


def test_carried_places_follow_their_fields() -> None:
    old = text.parse("layers { blobs_lr: 1\n data_param { scale: 2 } top: 'a' }", messages.NetParameter, file="f").layers[0]
    new = messages.LayerParameter()
    carry_place(old, new, {"blobs_lr[0]": "param[0].lr_mult", "data_param": "image_data_param"})
    assert place_of(new, "param[0].lr_mult") == Place("f", 1, 10)
    assert place_of(new, "image_data_param.scale") == Place("f", 2, 15)
    assert place_of(new, "top[0]") == Place("f", 2, 26)


def test_nothing_is_carried_from_no_file() -> None:
    new = messages.LayerParameter()
    carry_place(messages.LayerParameter(), new, {})
    assert not new.HasField("place")
