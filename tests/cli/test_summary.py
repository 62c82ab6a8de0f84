"""Layers, shapes and counts, with and without data."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

DEPLOY = """
name: "tiny"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 7 dim: 5 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 11 kernel_size: 3 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip" inner_product_param { num_output: 13 bias_term: false } }
layer { name: "top" type: "Softmax" bottom: "ip" top: "prob" include { phase: TEST } }
layer { name: "again" type: "TanH" bottom: "ip" top: "again" include { phase: TEST } }
"""
DATA = """
layer { name: "source" type: "Data" top: "data" top: "label" data_param { source: "absent_lmdb" batch_size: 6 } %s }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 13 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""


@pytest.fixture
def model(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "net.prototxt"
        path.write_text(text)
        return path

    return write


def test_json(model: Callable, cli: Callable) -> None:
    result = cli("summary", model(DEPLOY), "--phase", "TRAIN", "--json")
    assert (result.code, result.err) == (0, "")
    got = json.loads(result.out)
    layers = {layer["name"]: layer for layer in got["layers"]}
    assert list(layers) == ["data", "conv", "relu", "ip"]
    assert layers["conv"] == {
        "name": "conv",
        "type": "Convolution",
        "bottoms": ["data"],
        "tops": {"conv": [2, 11, 5, 3]},
        "params": [[11, 3, 3, 3], [11]],
        "macs": 2 * 11 * 5 * 3 * 3 * 3 * 3,
        "activations": 4 * 2 * 11 * 5 * 3,
    }
    assert layers["ip"]["params"] == [[13, 11 * 5 * 3]]
    assert got["params"] == 11 * 27 + 11 + 13 * 165
    assert got["macs"] == 2 * 11 * 15 * 27 + 2 * 13 * 165


def test_json_has_the_automatic_splits_of_the_phase(model: Callable, cli: Callable) -> None:
    got = json.loads(cli("summary", model(DEPLOY), "--phase=TEST", "--json").out)
    assert [layer["name"] for layer in got["layers"]][4:] == ["ip_ip_0_split", "top", "again"]
    assert got["layers"][4]["tops"] == {"ip_ip_0_split_0": [2, 13], "ip_ip_0_split_1": [2, 13]}


def test_table(model: Callable, cli: Callable) -> None:
    out = cli("summary", model(DEPLOY)).out.splitlines()
    assert out[0] == "tiny, phase TEST"
    assert out[4].split() == ["conv", "Convolution", "conv", "2x11x5x3", "308", "8,910", "1.3", "kB"]
    assert not any("split" in line for line in out)
    assert out[-6] == "2,453 parameters (9.8 kB), 13,200 multiply-adds in a forward pass"
    assert out[-5] == "the most of them: parameters ip (87%), multiply-adds conv (68%), activations conv (53%)"
    assert out[-2].split() == ["testing,", "batch", "2", "9.8", "kB", "2.5", "kB", "12.3", "kB"]
    assert "training" not in out[-1], "it has no loss"


def test_memory_of_both_uses_and_what_fits(model: Callable, cli: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netproto.cli.summary.free_memory", lambda: 100_000)
    argv = "summary", model(DATA % "transform_param { crop_size: 9 }"), "--solver-type", "Adam"
    memory = json.loads(cli(*argv, "--json").out)["memory"]
    params, data, ip = 4 * (13 * 243 + 13), 4 * (6 * 243 + 6), 4 * 6 * 13
    assert memory["testing"] == {
        "batch": 6,
        "learned": params,
        "history": 0,
        "data": data + ip + 4,
        "gradients": 4,
        "internals": ip + 4,
        "queued": 2 * data,
        "total": params + 3 * data + 2 * ip + 12,
        "largest_batch": (90_000 - params - 12) // ((3 * data + 2 * ip) // 6),
    }
    training = memory["training"]
    assert (training["learned"], training["history"], training["gradients"]) == (2 * params, 2 * params, ip + 4)
    assert training["largest_batch"] == (90_000 - 4 * params - 12) // ((3 * data + 3 * ip) // 6)
    table = cli(*argv).out.splitlines()
    assert table[-1] == f"largest batch that fits the 100.0 kB free here: 25 in testing, {training['largest_batch']} in training"


def test_an_input_in_the_place_of_data_still_reads_ahead(model: Callable, cli: Callable) -> None:
    queued = [
        json.loads(cli("summary", model(DATA % crop), *argv, "--json").out)["memory"]["testing"]["queued"]
        for crop, argv in (("transform_param { crop_size: 9 }", []), ("", ["--input", "data=6,3,9,9"]))
    ]
    assert queued[0] == queued[1] == 2 * 4 * (6 * 243 + 6)


def test_as_a_user_runs_it(model: Callable, program: Callable) -> None:
    result = program("summary", model(DEPLOY))
    assert (result.code, result.err) == (0, "")
    assert "largest batch that fits the" in result.out


def test_a_shape_in_the_place_of_data(model: Callable, cli: Callable) -> None:
    result = cli("summary", model(DATA % ""), "--input", "data=4,3,5,7", "--json")
    layers = {layer["name"]: layer for layer in json.loads(result.out)["layers"]}
    assert layers["source"]["tops"] == {"data": [4, 3, 5, 7], "label": [4]}
    assert layers["ip"]["params"] == [[13, 105], [13]]


def test_a_size_that_nothing_tells_is_asked_for(model: Callable, cli: Callable) -> None:
    result = cli("summary", model(DATA % ""))
    assert result.code == 1
    assert "net.prototxt:2:1: layer 'source' (Data): the size of 'data' is not known, since there is no 'absent_lmdb'" in result.err
    assert "--input data=N,C,H,W" in result.err


def test_a_crop_tells_the_size(model: Callable, cli: Callable) -> None:
    result = cli("summary", model(DATA % "transform_param { crop_size: 9 }"), "--json")
    assert json.loads(result.out)["layers"][0]["tops"] == {"data": [6, 3, 9, 9], "label": [6]}
    assert result.err.startswith("warning: there is no 'absent_lmdb', so 'data' is taken to be 6x3x9x9")


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("dota=1,2", "--input: no layer has the top 'dota'. Did you mean 'data'?"),
        ("label=6", "--input: top 'data' of the same layer has no shape"),
    ],
)
def test_shapes_that_do_not_do(shape: str, said: str, model: Callable, cli: Callable) -> None:
    result = cli("summary", model(DATA % ""), "--input", shape)
    assert result.code == 1
    assert said in result.err


def test_python_layers_can_be_refused(model: Callable, cli: Callable) -> None:
    path = model(DEPLOY + 'layer { name: "py" type: "Python" bottom: "ip" top: "py" python_param { module: "evil" layer: "Evil" } }')
    result = cli("summary", path, "--no-python-layers")
    assert result.code == 1
    assert "layer 'py' (Python)" in result.err
    assert "--no-python-layers forbids" in result.err
