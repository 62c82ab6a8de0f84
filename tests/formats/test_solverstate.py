"""Solver states: Caffe's two formats against Caffe's own files, and netproto's own with all that it keeps."""

import random
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from netproto.errors import FormatError
from netproto.formats import solverstate
from netproto.formats.solverstate import SolverState
from netproto.schema import messages

GOLDEN = Path(__file__).parents[1] / "golden"
HDF5 = "solver/sgd_hdf5/iter_iter_6.solverstate.h5"


def state():
    return SolverState(
        iteration=70,
        learned_net="snap/net_iter_70.npz",
        current_step=2,
        history=[
            np.arange(6, dtype=np.float32).reshape(2, 3),
            np.float32([1, -1.5, 2, 5]),
            -np.ones((2, 3), np.float32),
            np.zeros(4, np.float32),
        ],
        params=["inception_3a/1x1/0", "ip/1"],
        draws={"drop6": 12},
        data={"data": {"position": 640, "key": "00000640"}},
        solver={"seed": 7, "losses": [0.5, 0.25]},
    )


def assert_same_caffe_part(got, want):
    assert (got.iteration, got.learned_net, got.current_step) == (want.iteration, want.learned_net, want.current_step)
    assert len(got.history) == len(want.history)
    for a, b in zip(got.history, want.history, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


@pytest.mark.parametrize("name", ["a.solverstate", "a.solverstate.h5", "a.state.npz"])
def test_every_format_keeps_everything(tmp_path, name):
    solverstate.save(tmp_path / name, state())
    got, want = solverstate.load(tmp_path / name), state()
    assert_same_caffe_part(got, want)
    assert (got.params, got.draws, got.data, got.solver) == (want.params, want.draws, want.data, want.solver)


def test_the_names_of_arrays_in_npz(tmp_path):
    solverstate.save(tmp_path / "a.state.npz", state())
    with np.load(tmp_path / "a.state.npz") as file:
        assert "history/1/inception_3a/1x1/0" in file


@pytest.mark.parametrize("name", ["a.solverstate", "a.solverstate.h5", "a.npz"])
def test_what_caffe_keeps_survives_every_format(tmp_path, name):
    wanted = state()
    wanted.params = []
    solverstate.save(tmp_path / name, wanted)
    assert_same_caffe_part(solverstate.load(tmp_path / name), wanted)


def test_binary_is_protobufs_own_bytes(tmp_path):
    solverstate.save(tmp_path / "a.solverstate", state())
    message = messages.SolverState(iter=70, learned_net="snap/net_iter_70.npz", current_step=2)
    for array in state().history:
        blob = message.history.add(data=array.ravel().tolist())
        blob.shape.dim.extend(array.shape)
    written = (tmp_path / "a.solverstate").read_bytes()
    caffes = message.SerializeToString(deterministic=True)
    assert written.startswith(caffes)
    read = messages.SolverState.FromString(written)
    read.DiscardUnknownFields()
    assert read == message
    bare = SolverState(70, "snap/net_iter_70.npz", 2, state().history)
    solverstate.save(tmp_path / "a.solverstate", bare)
    assert (tmp_path / "a.solverstate").read_bytes() == caffes


def test_what_a_newer_netproto_keeps_is_passed_over(tmp_path):
    message = messages.SolverState(iter=70)
    field = solverstate.header(solverstate.EXTRAS, solverstate.LENGTH)
    (tmp_path / "a.solverstate").write_bytes(message.SerializeToString() + field + b'\x0d{"version":9}')
    assert solverstate.load(tmp_path / "a.solverstate") == SolverState(iteration=70)
    (tmp_path / "a.solverstate").write_bytes(message.SerializeToString() + field + b'\x0d{"version":0}')
    with pytest.raises(FormatError, match="broken one: 'params'"):
        solverstate.load(tmp_path / "a.solverstate")


@pytest.mark.parametrize(("run", "arrays"), [("sgd_step", 6), ("adam", 12)])
def test_caffes_binary_state_is_written_back_byte_for_byte(tmp_path, run, arrays):
    path = GOLDEN / "solver" / run / "iter_iter_6.solverstate"
    loaded = solverstate.load(path)
    assert (loaded.iteration, loaded.learned_net) == (6, "iter_iter_6.caffemodel")
    assert len(loaded.history) == arrays
    solverstate.save(tmp_path / "a.solverstate", loaded)
    assert (tmp_path / "a.solverstate").read_bytes() == path.read_bytes()


def test_caffes_hdf5_state(tmp_path):
    loaded = solverstate.load(GOLDEN / HDF5)
    assert (loaded.iteration, loaded.learned_net, loaded.current_step) == (6, "iter_iter_6.caffemodel.h5", 0)
    assert [a.shape for a in loaded.history] == [(6, 2, 3, 3), (6,), (8, 3, 3, 3), (8,), (5, 288), (5,)]
    solverstate.save(tmp_path / "a.solverstate.h5", loaded)
    with h5py.File(tmp_path / "a.solverstate.h5") as ours, h5py.File(GOLDEN / HDF5) as theirs:
        for name in ("iter", "current_step", "history/4"):
            np.testing.assert_array_equal(ours[name][()], theirs[name][()], strict=True)
        ours_text, their_text = ours["learned_net"].id.get_type(), theirs["learned_net"].id.get_type()
        assert ours["learned_net"][()] == theirs["learned_net"][()]
        assert (ours_text.get_size(), ours_text.get_strpad()) == (their_text.get_size(), their_text.get_strpad())


def test_history_that_does_not_fit_its_params(tmp_path):
    odd = state()
    odd.history.pop()
    with pytest.raises(ValueError, match="3 history arrays for 2 learned arrays"):
        solverstate.save(tmp_path / "a.npz", odd)


def test_the_limit_of_protobuf(tmp_path, monkeypatch):
    monkeypatch.setattr(solverstate, "MOST_BYTES", 50)
    with pytest.raises(FormatError, match=r"holds at most 50\. Write \.npz or \.h5"):
        solverstate.save(tmp_path / "a.solverstate", state())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["solver/sgd_step/iter_iter_6.caffemodel", "solver/sgd_hdf5/iter_iter_6.caffemodel.h5", "data/mean.binaryproto"]
)
def test_what_is_no_state(name):
    with pytest.raises(FormatError, match="is no"):
        solverstate.load(GOLDEN / name)


def test_weights_are_no_state(tmp_path):
    from netproto.formats import weights

    weights.save(tmp_path / "a.npz", weights.Weights({"ip": [np.zeros(2, np.float32)]}))
    with pytest.raises(FormatError, match="holds weights, not solver state"):
        solverstate.load(tmp_path / "a.npz")


def test_a_state_that_lacks_something(tmp_path):
    from netproto.formats import archive

    archive.save(tmp_path / "a.npz", [], {"kind": "solver state", "version": 1, "iteration": 5})
    with pytest.raises(FormatError, match="it lacks or garbles 'params'"):
        solverstate.load(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["solver/sgd_step/iter_iter_6.solverstate", HDF5, "ours.npz"])
def test_damage_is_never_another_error(tmp_path, name):
    if name == "ours.npz":
        solverstate.save(tmp_path / name, state())
        whole = (tmp_path / name).read_bytes()
    else:
        whole = (GOLDEN / name).read_bytes()
    dice = random.Random(name)
    path = tmp_path / "b"
    for trial in range(150):
        damaged = bytearray(whole)
        for _ in range(dice.randrange(1, 5)):
            damaged[dice.choice((dice.randrange(40), dice.randrange(len(whole))))] = dice.randrange(256)
        if trial % 3 == 0:
            del damaged[dice.randrange(1, len(damaged)) :]
        path.write_bytes(damaged)
        with suppress(FormatError):
            solverstate.load(path)


def test_the_weights_of_a_state_are_where_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "snap").mkdir()
    (tmp_path / "snap/net.caffemodel").touch()
    assert solverstate.find_weights("snap/net.solverstate", "snap/net.caffemodel") == ("snap/net.caffemodel", "")


def test_the_weights_of_a_moved_state_are_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved/net.caffemodel").touch()
    path, note = solverstate.find_weights("moved/net.solverstate", "snap/net.caffemodel")
    assert path == "moved/net.caffemodel"
    assert (
        note
        == "moved/net.solverstate names its weights 'snap/net.caffemodel', which is not there; taking 'moved/net.caffemodel' from beside it"
    )


@pytest.mark.parametrize("learned_net", ["snap/net.caffemodel", ""])
def test_weights_that_are_nowhere(tmp_path, learned_net):
    with pytest.raises(FormatError, match=r"names its weights '.*', which is neither there nor beside it"):
        solverstate.find_weights(tmp_path / "net.solverstate", learned_net)
