"""pycaffe's solvers. Caffe: python/caffe/_caffe.cpp."""

from __future__ import annotations

from typing import Any

from ..errors import SolverError
from ..schema import upgrade
from ..solver import Solver as CoreSolver
from .mode import current_ops
from .net import Net


class Solver:
    """A solver of a file, whatever its type."""

    def __init__(self, solver_file: str):
        self.core = CoreSolver(upgrade.load_solver(str(solver_file)), ops=current_ops())
        self.net = Net.around(self.core.net)
        self.test_nets = [Net.around(net) for net in self.core.test_nets]

    @property
    def iter(self) -> int:
        """The number of iterations done."""
        return self.core.iter

    @property
    def param(self) -> Any:
        """The SolverParameter; what is written to it holds from the next iteration."""
        return self.core.message

    @property
    def lr(self) -> float:
        """The learning rate of the current iteration."""
        return self.core.rate()

    def step(self, iterations: int) -> None:
        """Train for this many iterations."""
        self.core.step(iterations)

    def solve(self, resume_file: str | None = None) -> None:
        """Train up to max_iter."""
        self.core.solve(resume_file)

    def restore(self, state_file: str) -> None:
        """Go on from a state file, ours or Caffe's."""
        self.core.restore(str(state_file))

    def snapshot(self) -> None:
        """Write weights and state."""
        self.core.snapshot()

    def apply_update(self) -> None:
        """Change the learned blobs by their gradients."""
        self.core.apply_update()

    def share_weights(self, net: Net) -> None:
        """Let a net use the learned blobs of the net in training."""
        net.share_with(self.net)


class SGDSolver(Solver):
    """A solver of type SGD."""

    def __init__(self, solver_file: str):
        super().__init__(solver_file)
        if self.core.message.type != "SGD":
            raise SolverError(f"the solver's type is {self.core.message.type!r}, not 'SGD'", hint="get_solver() takes any type")


def get_solver(solver_file: str) -> Solver:
    """A solver of the type that the file names."""
    return Solver(solver_file)
