"""Training on several devices of one machine: a thread and a solver for each, whose gradients are averaged before every update.

Every rank has its own records and random draws. All begin with rank 0's weights and update them by the same gradients, so they stay alike.
Where one fails, all end. Caffe: src/caffe/parallel.cpp.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from ..blob import Array
from ..errors import ModelError
from ..glog import OTHER_RANKS
from ..schema.places import label, place_of
from .solver import Solver

SEED_BITS = range(0, 64, 16)


class Communicator(Protocol):
    """One rank's part in what all ranks do together, each with its own arrays."""

    def broadcast(self, arrays: Sequence[Array]) -> None:
        """Let the arrays be what rank 0's are."""

    def average(self, arrays: Sequence[Array]) -> None:
        """Let the arrays be the mean over all ranks."""

    def close(self) -> None:
        """At the end of a run."""

    def abort(self) -> None:
        """End what waits for the others. May come from any thread."""


Connect = Callable[[], Sequence[Communicator]]
Make = Callable[[int], Solver]


def solve(first: Solver, make: Make, connect: Connect) -> None:
    """first.solve() together with the solvers of the other ranks, of which `first.ranks` says how many there are.

    first: rank 0's, wherever it stands: the others go on from there. make(rank): gives another's; called in the thread that is to run it.
    connect: gives all ranks' communicators; called when all solvers are there. Raises what the first rank that fails raises.
    """
    _refuse_python_layers(first)
    run = _Run(first, connect)
    others = [threading.Thread(target=run.work, args=(rank, make), name=f"{OTHER_RANKS}{rank}") for rank in range(1, first.ranks)]
    for thread in others:
        thread.start()
    try:
        run.join(first)
        first.solve()
    except BaseException as error:
        run.fail(error)
    if first.iter < first.message.max_iter:
        run.meeting.abort()
    for thread in others:
        thread.join()
    run.leave(first)
    if run.failure is not None:
        raise run.failure


class _Run:
    """What the threads of a run share. failure: the first error of any rank."""

    def __init__(self, first: Solver, connect: Connect):
        self.first, self.connect = first, connect
        self.meeting = threading.Barrier(first.ranks)
        self.communicators: Sequence[Communicator] = ()
        self.failure: BaseException | None = None
        self._failing = threading.Lock()

    def work(self, rank: int, make: Make) -> None:
        """All that the thread of another rank does."""
        solver = None
        try:
            solver = make(rank)
            self.join(solver)
            solver.step(solver.message.max_iter - solver.iter)
        except BaseException as error:
            self.fail(error)
        if solver is not None:
            self.leave(solver)
            solver.close()

    def join(self, solver: Solver) -> None:
        """Make a solver a part of the run, when all are there: it takes on the state of the first, and gradients from all."""
        self.meeting.wait()
        if solver is self.first:
            self.communicators = self.connect()
            solver.on_snapshot.append(self._finish)
        else:
            _stand_as(solver, self.first)
        self.meeting.wait()
        mine = self.communicators[solver.rank]
        self._together(mine.broadcast, [*weights(solver), *(array for slot in solver.history for array in slot)])
        solver.on_gradients_ready.append(lambda: self._together(mine.average, gradients(solver)))

    def leave(self, solver: Solver) -> None:
        """Let go of a rank's communicator."""
        if self.communicators and self.failure is None:
            self.communicators[solver.rank].close()

    def fail(self, error: BaseException) -> None:
        """End all ranks. That the others are waited for in vain is no failure of its own."""
        if isinstance(error, threading.BrokenBarrierError):
            return
        with self._failing:
            if self.failure is not None:
                return
            self.failure = error
        self.meeting.abort()
        for communicator in self.communicators:
            communicator.abort()

    def _together(self, operation: Callable[[Sequence[Array]], None], arrays: Sequence[Array]) -> None:
        """Have every rank do its part of an operation, and nothing else meanwhile.

        On a device the parts wait for each other: what a thread asked of the driver in between might wait for them too.
        """
        self.meeting.wait()
        operation(arrays)
        self.meeting.wait()

    def _finish(self) -> None:
        """Until the first rank's gradients are those of all ranks. Raises BrokenBarrierError if one of them has failed."""
        self.first.ops.wait()
        if self.failure is not None:
            raise threading.BrokenBarrierError


def weights(solver: Solver) -> list[Array]:
    """The learned blobs' data."""
    return [param.blob.data for param in solver.net.learnable]


def gradients(solver: Solver) -> list[Array]:
    """The learned blobs' diffs."""
    return [param.blob.diff for param in solver.net.learnable]


def share_seed(solver: Solver, communicator: Communicator) -> None:
    """Let a solver draw by rank 0's seed from now on; all ranks call it."""
    ops = solver.ops
    digits = ops.asarray([solver.seed >> bits & 0xFFFF for bits in SEED_BITS])  # which float32 holds exactly
    communicator.broadcast([digits])
    solver.seed = sum(int(digit) << bits for digit, bits in zip(ops.to_host(digits), SEED_BITS, strict=True))
    solver.net.reseed(solver.seed)


def _stand_as(solver: Solver, first: Solver) -> None:
    """Go on where another rank's solver stands; the arrays are the communicator's business."""
    solver.iter, solver.current_step, solver.seed = first.iter, first.current_step, first.seed
    solver.net.reseed(first.seed)
    solver.net.restore_draws(first.net.draws())
    solver.net.restore_data_states(first.net.data_states())


def _refuse_python_layers(solver: Solver) -> None:
    for layer in solver.net.layers:
        if layer.type == "Python":
            raise ModelError(
                "a Python layer cannot be trained on several GPUs by threads, which share what its module holds",
                place=place_of(layer.message, "type"),
                layer=label(layer.message),
                hint="Processes do not share it: python/train.py of Caffe, by `netproto run train.py`",
            )
