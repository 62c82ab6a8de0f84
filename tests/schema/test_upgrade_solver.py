"""solver_type, nets inside a solver, and where snapshots go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netproto.errors import ModelError, SolverError
from netproto.schema import messages, text, upgrade

from .caffe_table import enum_rows

TYPES = {"SGD": "SGD", "NESTEROV": "Nesterov", "ADAGRAD": "AdaGrad", "RMSPROP": "RMSProp", "ADADELTA": "AdaDelta", "ADAM": "Adam"}


def parse_solver(source: str) -> Any:
    return text.parse(source, messages.SolverParameter, file="f")


def test_the_table_of_types_is_whole() -> None:
    assert set(TYPES) == {row.value for row in enum_rows() if row.enum == "SolverParameter.SolverType"}


@pytest.mark.parametrize("old", TYPES)
def test_type(old: str) -> None:
    given = parse_solver(f"base_lr: 0.5 solver_type: {old}")
    upgraded = upgrade.solver(given)
    assert messages.without_places(upgraded) == messages.SolverParameter(base_lr=0.5, type=TYPES[old])
    assert given.HasField("solver_type")


def test_a_type_is_kept() -> None:
    assert upgrade.solver(parse_solver("type: 'Mine'")).type == "Mine"
    assert not upgrade.solver(parse_solver("base_lr: 1")).HasField("type")


def test_both_types() -> None:
    with pytest.raises(SolverError, match=r"f:2:1: the solver has both 'type' and 'solver_type'"):
        upgrade.solver(parse_solver("type: 'Adam'\nsolver_type: ADAM"))


def test_nets_inside() -> None:
    relu = "{ layers { type: RELU } }"
    solver = upgrade.solver(parse_solver(f"net_param {relu} train_net_param {relu} test_net_param {relu} test_net_param {relu}"))
    nets = [solver.net_param, solver.train_net_param, *solver.test_net_param]
    assert [[layer.type for layer in net.layer] for net in nets] == [["ReLU"]] * 4
    assert not any(net.layers for net in nets)
    assert not upgrade.solver(parse_solver("net: 'a'")).HasField("net_param")


def test_a_wrong_net_inside() -> None:
    with pytest.raises(ModelError, match="both 'layer' and 'layers'"):
        upgrade.solver(parse_solver("test_net_param { layer { } layers { } }"))


@pytest.mark.parametrize(
    ("written", "prefix"),
    [
        ("", "{folder}/my.solver"),
        ("snapshot_prefix: 'out/net'", "out/net"),
        ("snapshot_prefix: '{folder}'", "{folder}/my.solver"),
        ("snapshot_prefix: '{folder}/'", "{folder}/my.solver"),
        ("snapshot_prefix: ''", ""),
    ],
)
def test_snapshot_prefix(tmp_path: Path, written: str, prefix: str) -> None:
    file = tmp_path / "my.solver.prototxt"
    file.write_text("net: 'net.prototxt' " + written.replace("{folder}", str(tmp_path)))
    solver = upgrade.load_solver(file)
    assert solver.snapshot_prefix == prefix.replace("{folder}", str(tmp_path))
    assert solver.net == "net.prototxt"


def test_snapshot_prefix_of_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "solver.prototxt").write_text("net: 'n'")
    assert upgrade.load_solver("solver.prototxt").snapshot_prefix == "solver"
