"""What a solver needs to go on: Caffe's .solverstate and .solverstate.h5, and netproto's own .state.npz, which also knows RNG and data.

Caffe: SGDSolver::SnapshotSolverState and RestoreSolverState of src/caffe/solvers/sgd_solver.cpp.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import __version__
from ..errors import FormatError, Place
from . import archive, blobproto, files, hdf5
from .npz import VERSION, check_meta
from .weights import HDF5_MAGIC, ZIP_MAGIC
from .wire import LENGTH, MOST_BYTES, VARINT, Reader, WireError, header, size, varint, write

ITER, LEARNED_NET, HISTORY, CURRENT_STEP, EXTRAS = 1, 2, 3, 4, 1000
WIRE_TYPES = {ITER: VARINT, LEARNED_NET: LENGTH, HISTORY: LENGTH, CURRENT_STEP: VARINT, EXTRAS: LENGTH}
EXTRAS_NAME = "netproto"
"""What Caffe's formats have no room for is a field, or a dataset of this name, that Caffe passes over."""
NO_EXTRAS = (KeyError, TypeError, ValueError)
"""What reading damaged extras raises."""


@dataclass
class SolverState:
    """A solver between two iterations.

    history: the solver's own arrays in Caffe's order: one for each learned array, then, where a rule keeps two, a second for each.
    learned_net: the weights file, as the snapshot names it.
    Caffe itself keeps no more. params: the names of the learned arrays (`conv1/0`); draws: how many random draws each layer made;
    data: where each data layer stands; solver: whatever else the solver wants back. The last three are plain JSON.
    """

    iteration: int = 0
    learned_net: str = ""
    current_step: int = 0
    history: list[np.ndarray] = field(default_factory=list)
    params: list[str] = field(default_factory=list)
    draws: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    solver: dict[str, Any] = field(default_factory=dict)


def load(path: str | os.PathLike[str]) -> SolverState:
    """Read a solver state of any of the three formats, told by its first bytes. Raises FormatError if it is missing, broken or none."""
    start = files.beginning(path)
    if start.startswith(ZIP_MAGIC):
        return _load_npz(path)
    return _load_hdf5(path) if start.startswith(HDF5_MAGIC) else _load_binary(path)


def save(path: str | os.PathLike[str], state: SolverState) -> None:
    """Write a solver state in the format of the name's suffix: .npz, .h5, or Caffe's binary form; whole or not at all."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".npz":
        _save_npz(path, state)
    elif suffix in (".h5", ".hdf5"):
        _save_hdf5(path, state)
    else:
        _save_binary(path, state)


def find_weights(state_path: str | os.PathLike[str], learned_net: str) -> tuple[str, str]:
    """(path, note): the weights file that a state names, and a sentence if it is not where the state says.

    The name is relative to the working directory, as Caffe has it; where no such file is, the state's own folder is tried.
    """
    if os.path.isfile(learned_net):
        return learned_net, ""
    folder = os.path.dirname(os.fspath(state_path))
    for beside in (os.path.join(folder, learned_net), os.path.join(folder, os.path.basename(learned_net))):
        if learned_net and os.path.isfile(beside):
            return beside, f"{state_path} names its weights {learned_net!r}, which is not there; taking {beside!r} from beside it"
    raise FormatError(
        f"names its weights {learned_net!r}, which is neither there nor beside it",
        place=Place(os.fspath(state_path)),
        hint="Put the weights file beside the state",
    )


def _load_binary(path: str | os.PathLike[str]) -> SolverState:
    state, reader = SolverState(), Reader(files.view(path))
    try:
        while reader.more():
            number, wire = reader.tag()
            if wire != WIRE_TYPES.get(number, wire):
                raise WireError(f"field {number} is of another kind", reader.pos)
            if number == ITER:
                state.iteration = reader.signed()
            elif number == LEARNED_NET:
                state.learned_net = reader.text()
            elif number == HISTORY:
                state.history.append(blobproto.read(reader.inner()))
            elif number == CURRENT_STEP:
                state.current_step = reader.signed()
            elif number == EXTRAS:
                _put_extras(state, reader.text())
            else:
                reader.skip(wire)
    except (WireError, *NO_EXTRAS) as error:
        what = f"is no .solverstate, or a broken one: {error}"
        raise FormatError(what, place=Place(os.fspath(path)), hint="Was it copied or downloaded to its end?") from error
    return state


def _save_binary(path: str | os.PathLike[str], state: SolverState) -> None:
    learned_net = state.learned_net.encode()
    pieces: list[Any] = [header(ITER, VARINT) + varint(state.iteration)]
    pieces.append(header(LEARNED_NET, LENGTH, len(learned_net)) + learned_net)
    for array in state.history:
        pieces += blobproto.field(HISTORY, array)
    pieces.append(header(CURRENT_STEP, VARINT) + varint(state.current_step))
    if extras := _extras(state):
        pieces.append(header(EXTRAS, LENGTH, len(extras)) + extras)
    if size(pieces) > MOST_BYTES:
        raise FormatError(
            f"would have {size(pieces):,} bytes, but a protobuf file holds at most {MOST_BYTES:,}",
            place=Place(os.fspath(path)),
            hint="Write .npz or .h5 (snapshot_format: HDF5)",
        )
    with files.writing(path) as file:
        write(file, pieces)


def _load_hdf5(path: str | os.PathLike[str]) -> SolverState:
    with hdf5.opened(path) as file:
        names = sorted(file["history"], key=int)
        if names != [str(i) for i in range(len(names))]:
            raise ValueError(f"its history is numbered {', '.join(names)}")
        state = SolverState(
            iteration=int(file["iter"][0]),
            learned_net=bytes(file["learned_net"][()]).split(b"\0")[0].decode(),
            current_step=int(file["current_step"][0]),
            history=[hdf5.read_array(file["history"][name]) for name in names],
        )
        if EXTRAS_NAME in file:
            _put_extras(state, bytes(file[EXTRAS_NAME][()]).split(b"\0")[0].decode())
        return state


def _save_hdf5(path: str | os.PathLike[str], state: SolverState) -> None:
    with hdf5.creating(path) as file:
        hdf5.write_integer(file, "iter", state.iteration)
        hdf5.write_string(file, "learned_net", state.learned_net)
        hdf5.write_integer(file, "current_step", state.current_step)
        group = file.create_group("history")
        for index, array in enumerate(state.history):
            hdf5.write_array(group, str(index), array)
        if extras := _extras(state):
            hdf5.write_string(file, EXTRAS_NAME, extras.decode())


def _extras(state: SolverState) -> bytes:
    """What Caffe does not keep, as JSON; empty if there is nothing."""
    kept = {"params": state.params, "draws": state.draws, "data": state.data, "solver": state.solver}
    return json.dumps({"version": VERSION, **kept}).encode() if any(kept.values()) else b""


def _put_extras(state: SolverState, written: str) -> None:
    """Take back what `_extras` wrote; what a newer netproto wrote is passed over, as Caffe does."""
    kept = json.loads(written)
    if kept["version"] <= VERSION:
        state.params = [str(name) for name in kept["params"]]
        state.draws, state.data, state.solver = dict(kept["draws"]), dict(kept["data"]), dict(kept["solver"])


def _load_npz(path: str | os.PathLike[str]) -> SolverState:
    place = Place(os.fspath(path))
    arrays, meta = archive.load(path)
    check_meta(meta, "solver state", place)
    try:
        params = [str(name) for name in meta["params"]]
        return SolverState(
            iteration=int(meta["iteration"]),
            learned_net=str(meta["learned_net"]),
            current_step=int(meta["current_step"]),
            history=[arrays[name] for name in _history_names(params, int(meta["history"]))],
            params=params,
            draws=dict(meta["draws"]),
            data=dict(meta["data"]),
            solver=dict(meta["solver"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"is no solver state, or a broken one: it lacks or garbles {error}", place=place) from error


def _save_npz(path: str | os.PathLike[str], state: SolverState) -> None:
    names = _history_names(state.params, len(state.history))
    meta = {
        "kind": "solver state",
        "version": VERSION,
        "netproto": __version__,
        "iteration": state.iteration,
        "learned_net": state.learned_net,
        "current_step": state.current_step,
        "history": len(state.history),
        "params": state.params,
        "draws": state.draws,
        "data": state.data,
        "solver": state.solver,
    }
    archive.save(path, zip(names, state.history, strict=True), meta)


def _history_names(params: list[str], count: int) -> list[str]:
    """`history/0/conv1/0`: which of a learned array's histories, and the learned array."""
    if not params:
        return [f"history/{i}" for i in range(count)]
    if count % len(params):
        raise ValueError(f"{count} history arrays for {len(params)} learned arrays")
    return [f"history/{slot}/{name}" for slot in range(count // len(params)) for name in params]
