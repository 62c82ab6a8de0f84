"""Messages told apart and changed as flags say."""

from pathlib import Path

import pytest

from netproto.cli import nets
from netproto.errors import ModelError, ParseError, SolverError
from netproto.schema import messages, text

NET = """
layer { name: "a" type: "Data" top: "data" data_param { source: "x" batch_size: 32 } include { phase: TRAIN stage: "s" } }
layer { name: "b" type: "Data" top: "data" data_param { source: "y" batch_size: 50 } include { phase: TEST } }
layer { name: "c" type: "HDF5Data" top: "h" hdf5_data_param { source: "z" batch_size: 7 } }
layer { name: "d" type: "ReLU" bottom: "data" top: "r" }
"""


def net(prototxt: str = NET) -> object:
    return text.parse(prototxt, messages.NetParameter, file="net.prototxt")


def sizes(message: object) -> list[int]:
    return [layer.data_param.batch_size or layer.hdf5_data_param.batch_size for layer in message.layer[:3]]


def test_the_batch_size_of_the_layers_that_the_state_has() -> None:
    before = net()
    assert sizes(nets.set_batch_size(before, 11, stages=["s"])) == [11, 50, 11]
    assert sizes(nets.set_batch_size(before, 11)) == [32, 50, 11]
    assert sizes(before) == [32, 50, 7]


def test_no_layer_with_a_batch_size() -> None:
    with pytest.raises(SolverError, match="no data layer with a batch_size"):
        nets.set_batch_size(net('layer { name: "d" type: "ReLU" }'), 11)


def test_an_edited_training_net_is_written_into_the_solver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(NET)
    for field, written in (("net", "net_param"), ("train_net", "train_net_param")):
        solver = messages.SolverParameter(base_lr=0.5, **{field: "net.prototxt"})
        edited = nets.edit_train_net(solver, lambda net: nets.set_batch_size(net, 11, stages=["s"]))
        assert sizes(getattr(edited, written)) == [11, 50, 11]
        assert not edited.HasField(field)
        assert (edited.base_lr, solver.HasField(field)) == (0.5, True)
        assert getattr(edited, written).layer[0].place.file == "net.prototxt"
        again = nets.edit_train_net(edited, lambda net: nets.set_batch_size(net, 13, stages=["s"]))
        assert sizes(getattr(again, written)) == [13, 50, 13]


def test_test_nets_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.prototxt").write_text('name: "file"')
    solver = messages.SolverParameter(test_net=["file.prototxt"], test_net_param=[messages.NetParameter(name="inside")])
    edited = nets.edit_test_nets(solver, lambda net: net)
    assert [net.name for net in edited.test_net_param] == ["inside", "file"]
    assert not edited.test_net


@pytest.mark.parametrize(
    ("prototxt", "solver"),
    [("", False), ('name: "n"', False), ("base_lr: 1", True), ('net: "x"', True), (NET, False), ("layers { }", False)],
)
def test_nets_and_solvers_are_told_apart(prototxt: str, solver: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.prototxt"
    path.write_text(prototxt or "# nothing\nforce_backward: true")
    assert nets.is_solver(nets.read(str(path))) is solver


@pytest.mark.parametrize(
    ("prototxt", "said"),
    [
        ("base_lr: 1\nlayer { }", "SolverParameter has no field 'layer'"),
        ('name: "x"\nbase_lr: 1', "NetParameter has no field 'base_lr'"),
        ('layer { name: "x" }\nlayer { nam: "y" }', "LayerParameter has no field 'nam'"),
    ],
)
def test_a_wrong_file_is_read_as_what_it_is_for_longest(prototxt: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.prototxt"
    path.write_text(prototxt)
    with pytest.raises(ParseError, match=said):
        nets.read(str(path))


def test_python_layers_are_refused_where_they_stand() -> None:
    assert nets.without_python(net()) == net()
    with pytest.raises(ModelError, match=r"net.prototxt:2:\d+: layer 'p' \(Python\)"):
        nets.without_python(net('layer { name: "a" type: "ReLU" }\nlayer { name: "p" type: "Python" }'))
