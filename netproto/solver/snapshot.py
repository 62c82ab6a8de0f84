"""Snapshots: weights and state after an iteration, and the way back.

`PREFIX_iter_N.npz` and `PREFIX_iter_N.state.npz`, or Caffe's own formats where the solver file names a snapshot_format. The weights are
written first and each file whole or not at all, so a state that exists is one to resume from. Caffe: SGDSolver::Snapshot and Restore.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..blob import Array
from ..errors import FormatError, Place, SolverError
from ..formats import solverstate
from ..formats import weights as weights_files
from ..formats.solverstate import SolverState
from ..net.loading import collect_weights, copy_weights
from ..net.net import Net
from ..schema import messages, text
from ..schema.places import place_of

if TYPE_CHECKING:
    from .solver import Solver

log = logging.getLogger("netproto.solver")

SUFFIXES = {None: (".npz", ".state.npz"), "BINARYPROTO": (".caffemodel", ".solverstate"), "HDF5": (".caffemodel.h5", ".solverstate.h5")}


def save(solver: Solver) -> tuple[Path, Path]:
    """Write the weights, then the state; (weights file, state file)."""
    message = solver.message
    named = messages.enum_name(message, "snapshot_format") if message.HasField("snapshot_format") else None
    weights_path, state_path = (Path(f"{message.snapshot_prefix}_iter_{solver.iter}{suffix}") for suffix in SUFFIXES[named])
    weights_path.parent.mkdir(parents=True, exist_ok=True)
    log.info("Snapshotting to %s", weights_path)
    weights_files.save(weights_path, collect_weights(solver.net, net_text=text.dump(solver.plan.message)))
    log.info("Snapshotting solver state to %s", state_path)
    solverstate.save(state_path, _state_of(solver, str(weights_path)))
    return weights_path, state_path


def _state_of(solver: Solver, learned_net: str) -> SolverState:
    return SolverState(
        iteration=solver.iter,
        learned_net=learned_net,
        current_step=solver.current_step,
        history=[solver.ops.to_host(array) for slot in solver.history for array in slot],
        params=[p.key for p in solver.net.learnable],
        draws={name: net.draws() for name, net in _nets(solver)},
        data={name: net.data_states() for name, net in _nets(solver)},
        solver={"seed": solver.seed, "type": solver.message.type},
    )


def _nets(solver: Solver) -> Iterator[tuple[str, Net]]:
    yield "train", solver.net
    for i, net in enumerate(solver.test_nets):
        yield f"test{i}", net


def restore(solver: Solver, path: str) -> None:
    """Go on from a state file: iteration, weights, history; from a state of ours also random draws and places in the data.

    Raises FormatError before anything of the solver has changed, if the state does not fit.
    """
    log.info("Restoring previous solver status from %s", path)
    state = solverstate.load(path)
    history = _history(solver, state, path)
    weights_path, note = solverstate.find_weights(path, state.learned_net)
    if note:
        log.warning("%s", note)
    copy_weights(solver.net, weights_files.load(weights_path))
    for array, recorded in history:
        solver.ops.copy(solver.ops.asarray(recorded.reshape(array.shape)), array)
    solver.iter, solver.current_step = state.iteration, state.current_step
    if "seed" not in state.solver:
        return
    solver.seed = state.solver["seed"]
    for name, net in _nets(solver):
        net.reseed(solver.seed)
        net.restore_draws(state.draws.get(name, {}))
        net.restore_data_states(state.data.get(name, {}))


def _history(solver: Solver, state: SolverState, path: str) -> list[tuple[Array, Any]]:
    """Each of the solver's history arrays with the recorded one: by name in a state of ours, by position in Caffe's."""
    keys = [p.key for p in solver.net.learnable]
    slots, learned = len(solver.history), len(keys)
    names = state.params or keys
    if len(state.history) != slots * len(names) or set(names) != set(keys):
        raise FormatError(
            f"holds {len(state.history)} histories of {len(names)} learned blobs; {solver.message.type} wants {slots} of each of {learned}",
            place=Place(path),
            hint="Resume with the net and the solver type that the state was made with, or start from its weights: --weights",
        )
    pairs = []
    for slot, arrays in enumerate(solver.history):
        for key, array in zip(keys, arrays, strict=True):
            recorded = state.history[slot * learned + names.index(key)]
            if recorded.size != array.size:
                raise FormatError(f"the history of {key!r} has the shape {recorded.shape}, the net's is {array.shape}", place=Place(path))
            pairs.append((array, recorded))
    return pairs


def probe(message: Any) -> None:
    """Raise SolverError at once, not hours later, where snapshots cannot be written. Makes the prefix's folder."""
    folder = Path(message.snapshot_prefix).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise SolverError(
            f"snapshots cannot be written to {str(folder)!r}: {error.strerror}",
            place=place_of(message, "snapshot_prefix"),
            hint="Make the folder writable, or set another snapshot_prefix",
        ) from error


def newest(prefix: str | os.PathLike[str]) -> Path | None:
    """The state file of the highest iteration that was written under a snapshot_prefix; None if there is none."""
    prefix = Path(prefix)
    pattern = re.compile(re.escape(prefix.name) + r"_iter_(\d+)(?:\.state\.npz|\.solverstate(?:\.h5)?)")
    found = [(int(m.group(1)), p) for p in prefix.parent.glob("*") if (m := pattern.fullmatch(p.name))]
    return max(found)[1] if found else None
