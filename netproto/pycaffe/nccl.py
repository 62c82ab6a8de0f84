"""Processes that train together, each on its GPU, by NCCL. Caffe: include/caffe/parallel.hpp, python/caffe/_caffe.cpp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DeviceError
from ..ops import gpu_nccl
from ..solver import parallel

if TYPE_CHECKING:
    from .solver import Solver


def has_nccl() -> bool:
    """Whether processes can train together: CuPy and NCCL are installed."""
    try:
        gpu_nccl.library()
    except DeviceError:
        return False
    return True


class NCCL:
    """Ties a solver to those of the other processes: its gradients become the mean over all of them, before every update.

    solver: made after set_mode_gpu, set_solver_count and set_solver_rank. uid: from `new_uid` in one process, the same for all. It waits
    until all of them have come. `solver.add_callback(nccl)` ties; `net.after_backward(nccl)` has no effect of its own, since all gradients
    are averaged at once. Raises DeviceError where NCCL is missing, or the solver computes on the CPU.
    """

    def __init__(self, solver: Solver, uid: bytes):
        if not solver.core.ops.asynchronous:
            raise DeviceError("NCCL is for solvers that compute on a GPU", hint="caffe.set_mode_gpu() before the solver is made")
        self._solver, self._core = solver, solver.core
        self._communicator = gpu_nccl.join(uid, self._core.rank, self._core.ranks)

    @staticmethod
    def new_uid() -> bytes:
        """What the processes are given to find each other. It lasts as long as this process. Raises DeviceError where NCCL is missing."""
        return gpu_nccl.new_uid()

    def bcast(self) -> None:
        """Let all processes have rank 0's weights, and the seed by which it shuffles records."""
        self._solver._push()
        self._communicator.broadcast(parallel.weights(self._core))
        parallel.share_seed(self._core, self._communicator)

    def on_gradients_ready(self) -> None:
        """Average the gradients of all processes."""
        self._communicator.average(parallel.gradients(self._core))

    def __call__(self, layer: int) -> None:
        """Nothing, after each layer's backward pass."""
