"""The benchmarks, without their clocks: nets build, formats are whole, tables render."""

from __future__ import annotations

import importlib
import json
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from netproto.formats.wire import LENGTH, VARINT, Reader
from netproto.layers.base import TEST, TRAIN
from netproto.net.graph import Graph, build, prepare
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps

FOLDER = Path(__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="benchmarks/ is not beside the tests")

NAMES = ("alexnet", "caffenet", "googlenet", "vgg16", "resnet50", "squeezenet11", "mobilenet1", "lenet", "cifar10_quick")
PARAMS = {"alexnet": 60_965_224, "caffenet": 60_965_224, "vgg16": 138_357_544, "squeezenet11": 1_235_496, "lenet": 431_080}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch):
    """module("nets") -> benchmarks/nets.py."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def graph_of(module, name: str, phase: int) -> Graph:
    return build(prepare(module("nets").net(name, 2, labels=phase == TRAIN), phase), phase)


def test_these_nets_are_timed(module) -> None:
    assert tuple(sorted(module("nets").NETS)) == tuple(sorted(NAMES))
    assert set(module("speed").BATCHES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_a_net_builds_and_is_described(name: str, phase: int, module) -> None:
    graph = graph_of(module, name, phase)
    described = module("describe").layers(graph)
    assert described[0]["shapes"]["data"][0] == 2
    made = {top for layer in described for top in layer["tops"]}
    assert all(bottom in made for layer in described for bottom in layer["bottoms"])
    assert ("SoftmaxWithLoss" in {layer["type"] for layer in described}) == (phase == TRAIN)
    learned = sum(np.prod(shape) for layer in described for shape in layer.get("params", []))
    assert learned == PARAMS.get(name, learned)


def test_flops_of_a_picture(module) -> None:
    """LeNet by hand: both convolutions and both inner products, twice more in training but for the gradient of the picture."""
    first, others = 20 * 24 * 24 * 25, 50 * 8 * 8 * 20 * 25 + 500 * 800 + 10 * 500
    assert module("describe").gflop(graph_of(module, "lenet", TEST), training=False) == pytest.approx(2e-9 * (first + others))
    assert module("describe").gflop(graph_of(module, "lenet", TRAIN), training=True) == pytest.approx(2e-9 * (2 * first + 3 * others))


def fields(content: bytes) -> list[tuple[int, object]]:
    """(number, value) of a message's fields: bytes, or a whole number."""
    reader, found = Reader(content), []
    while reader.more():
        number, wire = reader.tag()
        if wire == LENGTH:
            start, stop = reader.span()
            found.append((number, content[start:stop]))
        else:
            found.append((number, reader.varint() if wire == VARINT else reader.skip(wire)))
    return found


def of(number: int, message: bytes) -> list:
    return [value for index, value in fields(message) if index == number]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("lenet", {"Conv": 2, "MaxPool": 2, "Flatten": 2, "Gemm": 2, "Relu": 1}),
        ("squeezenet11", {"Conv": 26, "Relu": 26, "MaxPool": 3, "Concat": 8, "GlobalAveragePool": 1}),
        ("mobilenet1", {"Conv": 28, "BatchNormalization": 27, "Relu": 27, "GlobalAveragePool": 1}),
    ],
)
def test_the_onnx_file_holds_the_net(name: str, kinds: dict[str, int], tmp_path: Path, module) -> None:
    """Every node reads what is there before it, every weight is a float32 of its shape, and the last value is the output."""
    net = Net(module("nets").net(name, 2, labels=False), ops=CpuOps(), phase=TEST)
    for layer in net.layers:
        if layer.message.type == "BatchNorm":
            layer.blobs[2].data[...] = 1
    module("onnx_file").write(tmp_path / "net.onnx", net)
    (graph,) = of(7, (tmp_path / "net.onnx").read_bytes())
    weights = {of(8, tensor)[0]: (of(1, tensor), of(9, tensor)[0]) for tensor in of(5, graph)}
    assert all(len(raw) == 4 * np.prod(dims) for dims, raw in weights.values())
    (source,), (sink,) = of(11, graph), of(12, graph)
    there = {*weights, *of(1, source)}
    for node in of(1, graph):
        assert set(of(1, node)) <= there
        there |= set(of(2, node))
    assert Counter(of(4, node)[0].decode() for node in of(1, graph)) == kinds
    assert of(1, sink) == of(2, of(1, graph)[-1])
    used = {name for node in of(1, graph) for name in of(1, node)}
    assert set(weights) <= used


RESULTS = {
    "machine": {
        "processor": "abacus", "cores": 2, "system": "wood", "python": "3.11.1", "versions": {"numpy": "2.0"},
        "date": "2001-02-03", "command": "python benchmarks/run.py",
    },
    "speed": [
        {
            "net": "lenet", "what": "training", "batch": 64, "share_of_sgemm": 1.256,
            "images_per_second": {"netproto": 3000, "PyTorch": 1000, "PyTorch channels_last": 1500},
            "peak_mb": {"netproto": 80, "PyTorch": 110, "PyTorch channels_last": 100},
        },
        {
            "net": "vgg16", "what": "inference", "batch": 1, "share_of_sgemm": 0.5,
            "images_per_second": {"netproto": 6, "PyTorch": 4, "PyTorch channels_last": 2, "OpenCV": 7.5, "ONNX Runtime": 5},
            "peak_mb": {"netproto": 80, "PyTorch": 100, "PyTorch channels_last": 110, "OpenCV": 1, "ONNX Runtime": 2},
        },
    ],
    "loading": [{"format": ".npz", "mb": 243.86, "read_seconds": 0.1, "load_seconds": 0.125}],
    "data": [{"kind": "JPEG", "bytes": 31000, "images_per_second": 812.3, "images_per_processor_second": 406.2}],
    "startup": [{"what": "netproto --help", "seconds": 0.056}],
}  # fmt: skip
ROWS = {
    "machine": "- 2001-02-03",
    "training": "| lenet | 64 | 3,000 | 1,000 | 1,500 | 2.00 | 126% | 80 | 100 | 0.80 |",
    "inference": "| vgg16 | 1 | 6 | 4 | 7.5 | 5 | 1.50 | 0.80 |",
    "loading": "| .npz | 244 | 0.100 | 0.125 | 1.25 |",
    "data": "| JPEG | 31 | 812 | 406 |",
    "startup": "| netproto --help | 0.06 |",
}


@pytest.mark.parametrize("name", ROWS)
def test_a_table(name: str, module) -> None:
    table = module("tables").tables(RESULTS)[name]
    assert ROWS[name] in table.splitlines()
    if name != "machine":
        assert len({line.count("|") for line in table.splitlines()}) == 1


def again(results: dict, name: str, **changes: object) -> dict:
    """The results with another run of one part."""
    return {**results, name: [*results[name], *({**record, **changes} for record in results[name])]}


@pytest.mark.parametrize(
    ("name", "part", "changes", "row"),
    [
        ("startup", "startup", {"seconds": 0.3}, "| netproto --help | 0.06 (0.06 to 0.30) |"),
        ("data", "data", {"images_per_second": 500}, "| JPEG | 31 | 500 (500 to 812) | 406 (406 to 406) |"),
        ("loading", "loading", {"load_seconds": 0.2}, "| .npz | 244 | 0.100 | 0.125 | 1.25 (1.25 to 2.00) |"),
        ("training", "speed", {"share_of_sgemm": 1}, "| lenet | 64 | 3,000 | 1,000 | 1,500 | 2.00 (2.00 to 2.00) | 100% (100% to 126%) |"),
        ("inference", "speed", {"batch": 1}, "| vgg16 | 1 | 6 | 4 | 7.5 | 5 | 1.50 | 0.80 (0.80 to 0.80) |"),
    ],
)  # fmt: skip
def test_a_table_of_several_runs(name: str, part: str, changes: dict, row: str, module) -> None:
    assert any(line.startswith(row) for line in module("tables").tables(again(RESULTS, part, **changes))[name].splitlines())


def test_the_run_in_the_middle_is_shown(module) -> None:
    results = again(again(RESULTS, "startup", seconds=3), "startup", seconds=0.5)
    results["startup"] = results["startup"][:3]
    assert "| netproto --help | 0.50 (0.06 to 3.00) |" in module("tables").tables(results)["startup"]


def test_each_run_measures_every_part(module, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run: ModuleType = module("run")
    seconds = iter([1.0, 3.0, 2.0])
    monkeypatch.setitem(run.PARTS, "startup", lambda args: [{"what": "sleep", "seconds": next(seconds)}])
    monkeypatch.setattr(run.machine, "describe", lambda: RESULTS["machine"])
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps({"startup": [{"what": "sleep", "seconds": 99}], "data": RESULTS["data"]}))
    monkeypatch.setattr("sys.argv", ["run.py", "startup", "--runs", "3", "--json", str(figures)])
    run.main()
    found = json.loads(figures.read_text())
    assert [record["seconds"] for record in found["startup"]] == [1, 3, 2]
    assert found["data"] == RESULTS["data"]


def test_tables_are_put_between_their_marks(tmp_path: Path, module) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table: data -->\nold\n<!-- end -->\nbetween\n<!-- table: unmeasured -->\nkept\n<!-- end -->\nafter\n")
    module("tables").write(page, RESULTS)
    text = page.read_text()
    assert re.findall(r"^\w+$", text, re.MULTILINE) == ["before", "between", "kept", "after"]
    assert ROWS["data"] in text
    module("tables").write(page, RESULTS)
    assert page.read_text() == text


def test_the_page_has_a_mark_for_every_table(module) -> None:
    page = (FOLDER.parent / "docs" / "performance.md").read_text()
    assert {match[2] for match in module("tables").MARK.finditer(page)} == set(module("tables").tables(RESULTS))


def test_the_command_refuses_a_part_that_is_not_there(module, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run: ModuleType = module("run")
    monkeypatch.setattr("sys.argv", ["run.py", "spede"])
    with pytest.raises(SystemExit):
        run.main()
    assert "no part is named spede" in capsys.readouterr().err
