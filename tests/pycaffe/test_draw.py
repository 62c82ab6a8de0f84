"""Pictures of nets."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree

import pytest
from google.protobuf import text_format
from PIL import Image

import netproto.pycaffe as caffe
from netproto.errors import FormatError
from netproto.pycaffe import draw
from netproto.pycaffe.proto import caffe_pb2

NET = """
name: "a < b"
layer { name: "d1" type: "Data" top: "data" top: "label" include { phase: TRAIN } data_param { batch_size: 7 } }
layer { name: "d2" type: "Data" top: "data" top: "label" include { phase: TEST } data_param { batch_size: 5 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" param { lr_mult: 3 }
        convolution_param { num_output: 11 kernel_h: 3 kernel_w: 5 stride: 2 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "drop" type: "Dropout" bottom: "conv" top: "conv" exclude { phase: TEST } }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "pool" bottom: "label" top: "loss" }
"""


def net(text: str = NET) -> object:
    return text_format.Parse(text, caffe_pb2.NetParameter())


def named_edges(graph: draw.Graph) -> set[tuple[str, str, str]]:
    return {(graph.nodes[e.source].lines[0], graph.nodes[e.target].lines[0], e.label) for e in graph.edges}


def test_layers_and_blobs_flow_one_way() -> None:
    graph = draw.get_pydot_graph(net(), "TB")
    assert named_edges(graph) == {
        *(("d1", "data", "Batch 7"), ("d1", "label", "Batch 7"), ("d2", "data", "Batch 5"), ("d2", "label", "Batch 5")),
        *(("data", "conv", ""), ("conv", "relu", "11"), ("relu", "drop", ""), ("drop", "conv", ""), ("conv", "pool", "")),
        *(("pool", "pool", ""), ("pool", "loss", ""), ("label", "loss", ""), ("loss", "loss", "")),
    }
    assert sorted(node.name for node in graph.nodes if node.is_blob) == ["conv_blob", "data_blob", "label_blob", "loss_blob", "pool_blob"]


def test_one_phase() -> None:
    test = draw.get_pydot_graph(net(), "TB", phase=caffe.TEST, label_edges=False)
    assert not {"d1", "drop"} & {node.lines[0] for node in test.nodes}
    assert {("d2", "data", ""), ("relu", "conv", "")} <= named_edges(test)
    train = draw.get_pydot_graph(net(), "TB", phase=caffe.TRAIN)
    assert {"d1", "drop"} <= {node.lines[0] for node in train.nodes} - {"d2"}


def test_a_blob_that_is_read_before_it_is_overwritten() -> None:
    text = """
    layer { name: "in" type: "Input" top: "x" }
    layer { name: "sig" type: "Sigmoid" bottom: "x" top: "y" }
    layer { name: "relu" type: "ReLU" bottom: "x" top: "x" }
    layer { name: "sum" type: "Eltwise" bottom: "x" bottom: "y" top: "z" }
    """
    assert named_edges(draw.get_pydot_graph(net(text), "LR")) == {
        *(("in", "x", ""), ("x", "sig", ""), ("x", "relu", ""), ("relu", "x", ""), ("sig", "y", "")),
        *(("x", "sum", ""), ("y", "sum", ""), ("sum", "z", "")),
    }


def test_old_nets_are_drawn_as_what_they_mean() -> None:
    text = 'input: "data" input_dim: 1 input_dim: 3 input_dim: 5 input_dim: 7 layers { name: "r" type: RELU bottom: "data" top: "data" }'
    assert named_edges(draw.get_pydot_graph(net(text), "LR")) == {("input", "r", ""), ("r", "data", "")}


def test_labels() -> None:
    layers = net().layer
    by_name = {layer.name: layer for layer in layers}
    assert draw.get_pooling_types_dict() == {0: "MAX", 1: "AVE", 2: "STOCHASTIC"}
    assert [draw.get_edge_label(by_name[n]) for n in ("d1", "conv", "relu")] == ["Batch 7", "11", '""']
    assert draw.get_layer_label(by_name["pool"], "TB") == '"pool (Pooling AVE) kernel size: 3 stride: 2 pad: 1"'
    label = draw.get_layer_label(by_name["conv"], "LR", display_lrm=True)
    assert label == r'"conv\n(Convolution)\nkernel size: 3 x 5\nstride: 2\npad: 0\nlr mult: 3.0, 1.0"'
    assert draw.get_layer_lr_mult(by_name["conv"]) == (3, 1)
    with pytest.raises(ValueError, match="no lr_mult"):
        draw.get_layer_lr_mult(by_name["relu"])
    assert draw.choose_color_by_layertype("Convolution") != draw.choose_color_by_layertype("Pooling")
    every = caffe_pb2.LayerParameter(name="g", type="Pooling")
    every.pooling_param.global_pooling = True
    assert "kernel size: all" in draw.get_layer_label(every, "TB")


def test_svg_is_xml_with_all_that_was_named() -> None:
    graph = draw.get_pydot_graph(net(), "LR", display_lrm=True)
    root = ElementTree.fromstring(graph.create("svg"))
    assert graph._repr_svg_().encode() == graph.create("svg")
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"conv", "(Pooling AVE)", "lr mult: 3.0, 1.0", "Batch 7", "11"} <= set(texts)
    assert root.find("{http://www.w3.org/2000/svg}title").text == "a < b"
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polygon"))) == 5


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_pixels(rankdir: str) -> None:
    graph = draw.get_pydot_graph(net(), rankdir)
    picture = Image.open(io.BytesIO(draw.draw_net(net(), rankdir)))
    assert picture.size == (round(graph.layout.width), round(graph.layout.height))
    for node, (x, y), (width, _) in zip(graph.nodes, graph.layout.nodes, graph.layout.sizes, strict=True):
        inside = picture.getpixel((round(x - width / 2 + 8), round(y)))
        wanted = tuple(int(node.colour[i : i + 2], 16) for i in (1, 3, 5))
        assert inside == wanted, node.name
    assert picture.getpixel((2, 2)) == (255, 255, 255)


def test_a_huge_net_is_drawn_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netproto.pycaffe.draw.raster.MOST_PIXELS", 10_000)
    width, height = Image.open(io.BytesIO(draw.draw_net(net(), "TB"))).size
    assert width * height == pytest.approx(10_000, rel=0.05)


def test_graphviz_text() -> None:
    text = draw.get_pydot_graph(net(), "LR").to_string()
    assert text.startswith('digraph "a < b" {\nrankdir=LR;\n')
    assert r'[label="pool\n(Pooling AVE)\nkernel size: 3\nstride: 2\npad: 1", shape=box' in text
    assert text.count(" -> ") == 13


@pytest.mark.parametrize(
    ("name", "start"),
    [("n.svg", b"<svg"), ("n.PNG", b"\x89PNG"), ("n.jpg", b"\xff\xd8"), ("n.pdf", b"%PDF"), ("n.dot", b"digraph"), ("n.raw", b"digraph")],
)
def test_files(tmp_path: Path, name: str, start: bytes) -> None:
    draw.draw_net_to_file(net(), str(tmp_path / name), "TB")
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("name", "rankdir", "said"),
    [
        ("n.pgn", "TB", r"cannot be drawn as 'pgn'\. Did you mean .*'png'"),
        ("n", "TB", "no suffix"),
        ("n.svg", "UP", "rankdir 'UP' is no direction"),
    ],
)
def test_what_cannot_be_drawn(tmp_path: Path, name: str, rankdir: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        draw.draw_net_to_file(net(), tmp_path / name, rankdir)
    assert not list(tmp_path.iterdir())
