"""Runs recorded cases of BVLC Caffe (README.md) and measures how far netproto is off. Used by the tests and by tools/parity.py."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from netproto.formats import weights as weights_files
from netproto.net.loading import copy_weights
from netproto.ops.base import Ops
from netproto.schema import upgrade
from netproto.solver import Solver
from netproto.testing import net_of

HERE = Path(__file__).parent
LAYERS, SOLVERS, DATA = HERE / "layers", HERE / "solver", HERE / "data"
PHASES = {"TRAIN": 0, "TEST": 1}


def layer_cases() -> list[Path]:
    return sorted(LAYERS.glob("*.npz"))


def solver_cases() -> list[Path]:
    return sorted(p.parent for p in SOLVERS.glob("*/trace.npz"))


def data_cases() -> list[Path]:
    return sorted((DATA / "cases").glob("*.npz"))


def off(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference, relative to the largest finite value, at least 1. Equal NaN and infinities count as equal."""
    if got.shape != wanted.shape:
        raise AssertionError(f"shape {got.shape}, not {wanted.shape}")
    got, wanted = got.astype(np.float64), wanted.astype(np.float64)
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(got - wanted))
    finite = np.abs(wanted[np.isfinite(wanted) & (np.abs(wanted) < 1e30)])
    return float(np.nan_to_num(difference, nan=np.inf).max(initial=0.0) / max(1.0, finite.max(initial=0.0)))


def layer_type(path: Path) -> str:
    """The type of the layer that a case is about."""
    net = net_of(str(np.load(path)["prototxt"]))
    return str(net.layers[net.layer_names.index("L")].message.type)


def layer_errors(path: Path, ops: Ops) -> dict[str, float]:
    """Recorded array -> how far off, for one layer case: tops, gradients, and learned blobs that a forward pass changes."""
    recorded = np.load(path, allow_pickle=False)
    net = net_of(str(recorded["prototxt"]), phase=PHASES[str(recorded["phase"])], ops=ops)
    learned = net.params.get("L", [])
    keys = [(key, *key.rsplit("_", 1)) for key in recorded.files if key not in ("prototxt", "phase")]
    for key, kind, i in keys:
        if kind == "bottom":
            ops.upload(recorded[key], net.blobs[f"b{i}"].data)
        if kind == "param":
            ops.upload(recorded[key], learned[int(i)].data)
    net.forward()
    forward = {"top": lambda i: net.blobs[f"t{i}"].data, "param_after": lambda i: learned[int(i)].data}
    errors = {key: off(ops.to_host(forward[kind](i)), recorded[key]) for key, kind, i in keys if kind in forward}
    backward = {"bottomdiff": lambda i: net.blobs[f"b{i}"].diff, "paramdiff": lambda i: learned[int(i)].diff}
    if any(kind in backward for _, kind, _ in keys):
        for key, kind, i in keys:
            if kind == "topdiff":
                ops.upload(recorded[key], net.blobs[f"t{i}"].diff)
        net.clear_param_diffs()
        net.backward()
    return errors | {key: off(ops.to_host(backward[kind](i)), recorded[key]) for key, kind, i in keys if kind in backward}


def data_errors(path: Path, ops: Ops) -> tuple[float, float]:
    """(worst, mean) difference in grey levels over two recorded batches of a data layer; AssertionError where shapes or labels differ."""
    recorded = np.load(path)
    worst, means = 0.0, []
    with contextlib.chdir(DATA):
        net = net_of(str(recorded["prototxt"]), phase=PHASES["TEST"], ops=ops)
        scale = net.layers[0].message.transform_param.scale
        for k in range(2):
            net.forward()
            assert net.blobs["data"].shape == recorded[f"batch_{k}"].shape
            np.testing.assert_array_equal(ops.to_host(net.blobs["label"].data), recorded[f"label_{k}"])
            difference = np.abs(ops.to_host(net.blobs["data"].data) - recorded[f"batch_{k}"].astype(np.float64)) / scale
            worst = max(worst, float(difference.max()))
            means.append(float(difference.mean()))
        net.close()
    return worst, max(means)


@contextlib.contextmanager
def solver_case(case: Path, folder: Path) -> Iterator[Path]:
    """A working copy of a solver case with its data, as the working directory, without the snapshots that Caffe made."""
    for name in ("train.h5", "h5list.txt"):
        shutil.copy(SOLVERS / name, folder)
    copy = folder / case.name
    shutil.copytree(case, copy, ignore=shutil.ignore_patterns("iter_iter_*"))
    with contextlib.chdir(copy):
        yield copy


def make_solver(ops: Ops) -> Solver:
    """The solver of the working directory, with the weights that Caffe began with."""
    solver = Solver(upgrade.load_solver("solver.prototxt"), ops=ops)
    copy_weights(solver.net, weights_files.load("init.caffemodel"))
    return solver


def train(solver: Solver, iterations: int) -> np.ndarray:
    """The loss of each iteration: with iter_size, of its last pass."""
    losses = []
    for _ in range(iterations):
        solver.step(1)
        losses.append(float(solver.net.blobs["loss"].data))
    return np.array(losses)


def relative(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference relative to the largest value, at least 0.01: the measure of a whole run."""
    return float(np.abs(got - wanted).max() / max(0.01, np.abs(wanted).max()))


def solver_errors(case: Path, folder: Path, ops: Ops) -> dict[str, float]:
    """What was recorded -> how far off, for one solver case: losses, final weights, test outputs, losses from a snapshot of Caffe."""
    trace = np.load(case / "trace.npz")
    errors = {}
    with solver_case(case, folder):
        solver = make_solver(ops)
        errors["loss"] = relative(train(solver, len(trace["loss"])), trace["loss"])
        weights = [(k, *k.removeprefix("final_").rsplit("_", 1)) for k in trace.files if k.startswith("final_")]
        errors |= {key: relative(ops.to_host(solver.net.params[layer][int(i)].data), trace[key]) for key, layer, i in weights}
        errors |= _test_errors(solver, trace)
        solver.close()
        if "resume_loss" in trace.files:
            (state,) = case.glob("iter_iter_6.solverstate*")
            resumed = make_solver(ops)
            resumed.restore(str(state))
            errors["resume_loss"] = relative(train(resumed, 6), trace["resume_loss"])
            resumed.close()
    return errors


def _test_errors(solver: Solver, trace: np.lib.npyio.NpzFile) -> dict[str, float]:
    """The mean of three batches of the test net against Caffe's."""
    net = solver.test_nets[0]
    totals: dict[str, np.ndarray] = {}
    for _ in range(3):
        net.forward()
        for name in net.outputs:
            totals[name] = totals.get(name, 0) + np.array(net.ops.to_host(net.blobs[name].data)) / 3
    recorded = [(key, key.removeprefix("test_")) for key in trace.files if key.startswith("test_")]
    return {key: relative(totals[name], trace[key]) for key, name in recorded}
