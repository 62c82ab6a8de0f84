"""pycaffe's solvers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import netproto.pycaffe as caffe
from netproto.errors import SolverError
from netproto.pycaffe.solver import TYPES

from .helpers import TRAINED, python_layer, write


def solver_file(folder: Path, extra: str = "", net: str = TRAINED) -> str:
    path = write(folder, net)
    body = f'net: "{path}" base_lr: 0.1 lr_policy: "fixed" max_iter: 7 test_iter: 2 test_interval: 5 random_seed: 3 '
    return write(folder, f'{body} snapshot_prefix: "{folder}/snap" snapshot_after_train: false {extra}', "solver.prototxt")


def test_a_solver_trains_and_shares_with_its_test_nets(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path))
    assert (solver.iter, solver.lr, len(solver.test_nets)) == (0, pytest.approx(0.1), 1)
    first = float(solver.net.forward()["loss"])
    solver.step(20)
    assert solver.iter == 20
    assert float(solver.net.forward()["loss"]) < 0.5 * first
    np.testing.assert_array_equal(solver.test_nets[0].params["ip"][0].data, solver.net.params["ip"][0].data)


def test_solve_goes_to_max_iter(tmp_path: Path) -> None:
    solver = caffe.get_solver(solver_file(tmp_path))
    solver.solve()
    assert solver.iter == 7


def test_what_is_written_to_param_counts(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path))
    assert (solver.param.max_iter, solver.param.display, solver.param.layer_wise_reduce) == (7, 0, True)
    solver.param.base_lr = 0.25
    solver.param.max_iter = 3
    assert solver.lr == 0.25
    solver.solve()
    assert solver.iter == 3
    text = str(solver.param)
    assert "max_iter: 3" in text
    assert "place" not in text
    with pytest.raises(AttributeError):
        solver.param.base_rate = 1


def test_apply_update(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path))
    blob = solver.net.layers[1].blobs[0]
    blob.data[...] = 0
    blob.diff[...] = 2
    solver.apply_update()
    np.testing.assert_allclose(blob.data, -0.2, rtol=1e-6)
    assert solver.iter == 0


@pytest.mark.parametrize("name", ["SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam"])
def test_each_type_has_a_class(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    made = caffe.get_solver(solver_file(tmp_path, f'type: "{name}"'))
    assert type(made) is TYPES[name] is getattr(caffe, f"{name}Solver")
    assert isinstance(made, caffe.SGDSolver)
    picked = getattr(caffe, f"{name}Solver")(solver_file(tmp_path))
    assert made.core.rule is picked.core.rule
    assert not caplog.records


def test_the_class_wins_over_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path, 'type: "Adam"'))
    assert solver.core.message.type == "SGD"
    assert "names the type Adam, but SGDSolver solves it" in caplog.text


def test_an_unknown_type(tmp_path: Path) -> None:
    with pytest.raises(SolverError, match=r"unknown solver type 'Adem'\. Did you mean 'Adam'"):
        caffe.get_solver(solver_file(tmp_path, 'type: "Adem"'))


def test_snapshots_are_caffes_and_go_on_as_if_never_stopped(tmp_path: Path) -> None:
    def losses(solver: caffe.Solver, count: int) -> list[float]:
        out = []
        for _ in range(count):
            solver.step(1)
            out.append(float(solver.net.blobs["loss"].data))
        return out

    path = solver_file(tmp_path, "snapshot: 3 momentum: 0.9")
    whole = losses(caffe.SGDSolver(path), 6)
    assert {p.name for p in tmp_path.glob("snap*")} == {f"snap_iter_{n}.{end}" for n in (3, 6) for end in ("caffemodel", "solverstate")}
    resumed = caffe.SGDSolver(path)
    resumed.restore(str(tmp_path / "snap_iter_3.solverstate"))
    assert resumed.iter == 3
    assert losses(resumed, 3) == whole[3:]
    solved = caffe.SGDSolver(path)
    solved.solve(str(tmp_path / "snap_iter_6.solverstate"))
    assert solved.iter == 7


def test_a_snapshot_format_that_the_file_names(tmp_path: Path) -> None:
    caffe.SGDSolver(solver_file(tmp_path, "snapshot_format: HDF5")).snapshot()
    assert {p.name for p in tmp_path.glob("snap*")} == {"snap_iter_0.caffemodel.h5", "snap_iter_0.solverstate.h5"}


def test_callbacks(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path))
    calls: list[str] = []
    solver.net.before_forward(lambda layer: calls.append(f"forward {layer}"))
    solver.add_callback(lambda: calls.append("start"), lambda: calls.append("ready"))
    solver.step(1)
    assert calls == ["start", "forward 0", "forward 1", "forward 2", "ready"]


def test_share_weights(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path))
    other = caffe.Net(str(tmp_path / "net.prototxt"), caffe.TEST)
    solver.share_weights(other)
    solver.step(1)
    np.testing.assert_array_equal(other.params["ip"][0].data, solver.net.params["ip"][0].data)


def test_nets_outlive_their_solver(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path))
    net, test_net = solver.net, solver.test_nets[0]
    del solver
    assert np.isfinite(float(net.forward()["loss"]) + float(test_net.forward()["loss"]))


def test_an_error_in_a_users_layer_reaches_the_script_as_it_is(tmp_path: Path) -> None:
    path = solver_file(tmp_path, net=python_layer("Broken", "forward"))
    with pytest.raises(RuntimeError, match="no luck in forward"):
        caffe.SGDSolver(path).step(1)


def test_the_seed_of_the_file_wins_over_the_scripts(tmp_path: Path) -> None:
    def weights(seed: int, extra: str) -> np.ndarray:
        caffe.set_random_seed(seed)
        return caffe.SGDSolver(solver_file(tmp_path, extra)).net.params["ip"][0].data

    np.testing.assert_array_equal(weights(1, ""), weights(2, ""))
