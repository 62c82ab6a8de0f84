"""A solver from any form to the newest."""

from __future__ import annotations

import os
from typing import Any

from ...errors import SolverError
from .. import messages, text
from ..places import place_of
from . import forks
from .net import net

TYPES = {
    "SGD": "SGD",
    "NESTEROV": "Nesterov",
    "ADAGRAD": "AdaGrad",
    "RMSPROP": "RMSProp",
    "ADADELTA": "AdaDelta",
    "ADAM": "Adam",
}


def load_solver(path: str | os.PathLike[str]) -> Any:
    """Read a prototxt as an upgraded SolverParameter with a snapshot_prefix.

    Raises ParseError, ModelError or SolverError. Caffe: ReadSolverParamsFromTextFileOrDie.
    """
    upgraded = solver(text.load(path, messages.SolverParameter))
    upgraded.snapshot_prefix = snapshot_prefix(upgraded, os.fspath(path))
    return upgraded


def solver(solver_param: Any) -> Any:
    """A new SolverParameter that says the same in the newest form: its type, and the nets written in it.

    Raises SolverError if it has both `type` and `solver_type`, ModelError for what is wrong with a net.
    """
    upgraded = messages.SolverParameter()
    upgraded.CopyFrom(solver_param)
    if upgraded.HasField("solver_type"):
        _name_type(upgraded)
    forks.solver(upgraded)
    for field in ("net_param", "train_net_param"):
        if upgraded.HasField(field):
            getattr(upgraded, field).CopyFrom(net(getattr(solver_param, field)))
    for new, old in zip(upgraded.test_net_param, solver_param.test_net_param, strict=True):
        new.CopyFrom(net(old))
    return upgraded


def snapshot_prefix(solver_param: Any, file: str) -> str:
    """What a solver's snapshots begin with: `snapshot_prefix`, with the solver's name in it if it is a folder; or the solver's path.

    file: the solver's own path, whose extension is left out. Caffe: UpgradeSnapshotPrefixProperty.
    """
    stem = os.path.splitext(file)[0]
    if not solver_param.HasField("snapshot_prefix"):
        return stem
    prefix = str(solver_param.snapshot_prefix)
    return os.path.join(prefix, os.path.basename(stem)) if os.path.isdir(prefix) else prefix


def _name_type(solver_param: Any) -> None:
    if solver_param.HasField("type"):
        raise SolverError(
            "the solver has both 'type' and 'solver_type'",
            place=place_of(solver_param, "solver_type"),
            hint=f"Keep type: {solver_param.type!r} or the other",
        )
    solver_param.type = TYPES[messages.enum_name(solver_param, "solver_type")]
    solver_param.ClearField("solver_type")
