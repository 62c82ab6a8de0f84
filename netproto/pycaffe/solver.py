"""pycaffe's solvers. Caffe: python/caffe/_caffe.cpp."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any, ClassVar

from ..schema import messages, text, upgrade
from ..solver import Solver as CoreSolver
from .mode import current_ops, next_seed, solver_count, solver_rank
from .nccl import NCCL
from .net import Net
from .user_errors import passes_users_errors

log = logging.getLogger(__name__)

Path = str | os.PathLike[str]


class Param:
    """A solver's SolverParameter: what is written to its fields holds from the next iteration."""

    __slots__ = ("_message",)

    def __init__(self, message: Any):
        object.__setattr__(self, "_message", message)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._message, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._message, name, value)

    def __str__(self) -> str:
        return text.dump(self._message)

    __repr__ = __str__


class Solver:
    """A solver of a file. Each type has a class; `get_solver` picks it, or a script does, whatever type the file names."""

    type: ClassVar[str | None] = None
    """The type that a class stands for; None takes the file's."""

    @passes_users_errors
    def __init__(self, solver_file: Path):
        message = upgrade.load_solver(solver_file)
        if self.type is not None and self.type != message.type:
            if message.HasField("type"):
                log.warning("%s names the type %s, but %s solves it", solver_file, message.type, self.__class__.__name__)
            message.type = self.type
        if not message.HasField("snapshot_format"):
            message.snapshot_format = messages.SolverParameter.BINARYPROTO
        seed = None if message.random_seed >= 0 else next_seed()
        self.core = CoreSolver(message, ops=current_ops(), seed=seed, rank=solver_rank(), ranks=solver_count())
        self.net = Net.around(self.core.net)
        self.test_nets = [Net.around(net) for net in self.core.test_nets]

    @property
    def iter(self) -> int:
        """The number of iterations done."""
        return self.core.iter

    @property
    def param(self) -> Param:
        """The SolverParameter: base_lr, max_iter, display and all others, to read and to write."""
        return Param(self.core.message)

    @property
    def lr(self) -> float:
        """The learning rate of the current iteration."""
        return self.core.rate()

    @passes_users_errors
    def step(self, iterations: int) -> None:
        """Train for this many iterations."""
        self._push()
        self.core.step(int(iterations))

    @passes_users_errors
    def solve(self, resume_file: Path | None = None) -> None:
        """Train up to max_iter."""
        self._push()
        self.core.solve(None if resume_file is None else os.fspath(resume_file))

    def restore(self, state_file: Path) -> None:
        """Go on from a state file, ours or Caffe's."""
        self._push()
        self.core.restore(os.fspath(state_file))

    def snapshot(self) -> None:
        """Write weights and state."""
        self._push()
        self.core.snapshot()

    def apply_update(self) -> None:
        """Change the learned blobs by their gradients."""
        self._push()
        self.core.apply_update()

    def share_weights(self, net: Net) -> None:
        """Let a net use the learned blobs of the net in training."""
        net.share_with(self.net)

    def add_callback(self, on_start: Callable[[], Any] | NCCL, on_gradients_ready: Callable[[], Any] | None = None) -> None:
        """Have functions called in each iteration: before its passes, and before its update; or an NCCL, alone, average the gradients."""
        if isinstance(on_start, NCCL):
            self.core.on_gradients_ready.append(on_start.on_gradients_ready)
            return
        self.core.on_start.append(self.net.calling(on_start))
        if on_gradients_ready is not None:
            self.core.on_gradients_ready.append(self.net.calling(on_gradients_ready))

    def _push(self) -> None:
        for net in (self.net, *self.test_nets):
            net._push()


class SGDSolver(Solver):
    """Stochastic gradient descent with momentum."""

    type = "SGD"


class NesterovSolver(SGDSolver):
    """Nesterov's accelerated gradient."""

    type = "Nesterov"


class AdaGradSolver(SGDSolver):
    """Rates that shrink by the sum of the squared gradients."""

    type = "AdaGrad"


class RMSPropSolver(SGDSolver):
    """Rates that shrink by a running mean of the squared gradients."""

    type = "RMSProp"


class AdaDeltaSolver(SGDSolver):
    """Steps by the ratio of running means."""

    type = "AdaDelta"


class AdamSolver(SGDSolver):
    """Adaptive moment estimation."""

    type = "Adam"


TYPES: dict[str | None, type[Solver]] = {
    kind.type: kind for kind in (SGDSolver, NesterovSolver, AdaGradSolver, RMSPropSolver, AdaDeltaSolver, AdamSolver)
}


def get_solver(solver_file: Path) -> Solver:
    """A solver of the type that the file names. Raises SolverError for one that there is not."""
    return TYPES.get(upgrade.load_solver(solver_file).type, Solver)(solver_file)
