"""Which nets a solver file names, and in which state each is built. Messages in, messages out.

Caffe: Solver::InitTrainNet and InitTestNets of src/caffe/solver.cpp.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import NetprotoError, SolverError
from ..layers.base import TEST, TRAIN
from ..schema import messages, upgrade
from ..schema.places import place_of


@dataclass(frozen=True)
class NetPlan:
    """A net to build: an upgraded NetParameter, its state, and where it is from ("net file x.prototxt")."""

    message: Any
    phase: int
    level: int
    stages: tuple[str, ...]
    source: str


def train_net(solver: Any, level: int = 0, stages: Sequence[str] = ()) -> NetPlan:
    """The one net to train. level and stages are the command line's, on top of train_state."""
    named = [field for field in ("net", "net_param", "train_net", "train_net_param") if solver.HasField(field)]
    if len(named) != 1:
        raise SolverError(
            f"a solver names one train net; this one has {', '.join(named) or 'none'}",
            place=place_of(solver, named[-1] if named else ""),
            hint="Write one of net, net_param, train_net, train_net_param",
        )
    net, source = _load(solver, named[0], getattr(solver, named[0]))
    state = messages.NetState(phase=TRAIN)
    state.MergeFrom(net.state)
    state.MergeFrom(solver.train_state)
    if level:
        state.level = level
    state.stage.extend(stages)
    return _plan(net, state, source)


def test_nets(solver: Any) -> list[NetPlan]:
    """The nets to test with, one per test_iter: test_net_param, then test_net, then the solver's own net for what is left."""
    named = [("test_net_param", value) for value in solver.test_net_param] + [("test_net", value) for value in solver.test_net]
    generic = [(field, getattr(solver, field)) for field in ("net_param", "net") if solver.HasField(field)]
    missing = len(solver.test_iter) - len(named)
    if missing < 0 or (missing and not generic):
        raise SolverError(
            f"{len(solver.test_iter)} test_iter for {len(named)} test nets",
            place=place_of(solver, "test_iter"),
            hint="Write one test_iter for each test net; what is left over tests the solver's `net`",
        )
    named += generic[:1] * missing
    if solver.test_state and len(solver.test_state) != len(named):
        raise SolverError(f"{len(solver.test_state)} test_state for {len(named)} test nets", place=place_of(solver, "test_state"))
    if named and solver.test_interval <= 0:
        raise SolverError(
            "the solver has test nets but no test_interval",
            place=place_of(solver, "test_iter"),
            hint="Write test_interval: N with N above 0",
        )
    plans = []
    for i, (field, value) in enumerate(named):
        net, source = _load(solver, field, value)
        state = messages.NetState(phase=TEST)
        state.MergeFrom(net.state)
        if solver.test_state:
            state.MergeFrom(solver.test_state[i])
        plans.append(_plan(net, state, source))
    return plans


def _load(solver: Any, field: str, value: Any) -> tuple[Any, str]:
    if not isinstance(value, str):
        return upgrade.net(value), field
    try:
        return upgrade.load_net(value), f"{field} file: {value}"
    except NetprotoError as error:
        if error.place is not None and error.place.line:
            raise
        raise SolverError(
            f"{field} {value!r}: {error.what}",
            place=place_of(solver, field),
            hint=error.hint or "Paths in a solver file start at the working directory",
        ) from None


def _plan(net: Any, state: Any, source: str) -> NetPlan:
    return NetPlan(net, state.phase, state.level, tuple(state.stage), source)
