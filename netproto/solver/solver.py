"""The training loop. Caffe: src/caffe/solver.cpp and src/caffe/solvers/sgd_solver.cpp."""

from __future__ import annotations

import enum
import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

from ..blob import Array
from ..errors import SolverError, did_you_mean
from ..formats import weights as weights_files
from ..net.inference import InferenceNet
from ..net.loading import copy_weights
from ..net.net import Net
from ..net.training import TrainingNet
from ..ops.base import Ops
from ..schema.places import place_of
from . import average_precision, lr_policy, nets, snapshot
from .average_precision import AveragePrecisions
from .captured import CapturedSteps
from .report import MeanOutputs, SmoothedLoss, SpeedLine, output_lines, outputs_of
from .rules import RULES
from .steps import Steps

log = logging.getLogger("netproto.solver")


class Action(enum.Enum):
    """What a signal can ask of a running solver."""

    STOP = enum.auto()
    SNAPSHOT = enum.auto()


class Solver:
    """Trains a net as a SolverParameter says.

    message: an upgraded SolverParameter. ops: the backend. level, stages: the command line's, for the train net.
    weights: files to start from, in the place of the solver's own `weights`. seed: in the place of random_seed.
    rank, ranks: which of how many solvers this is that train together and share the records; only rank 0 tests and writes snapshots.
    lean_training: train a TrainingNet, for those who look at no blob between layers and no gradient.
    lean_tests: test nets that run forward only and keep no blobs but their outputs, for those who look at nothing else.
    cuda_graph: have a GPU go through passes and updates that it was asked for once, which not all layers allow.

    `net` is the net in training, `test_nets` share its learned blobs. `history` holds, per slot of the rule, one array per learned blob.
    A listener of `on_iteration` gets an array of shape () for the loss, to be read at once; on a device, reading it waits.
    What is in `on_start` is called before the passes of each iteration, what is in `on_gradients_ready` before the update, what is in
    `on_snapshot` before a snapshot is written.
    """

    def __init__(
        self,
        message: Any,
        *,
        ops: Ops,
        level: int = 0,
        stages: Sequence[str] = (),
        weights: Sequence[str] | None = None,
        seed: int | None = None,
        rank: int = 0,
        ranks: int = 1,
        lean_training: bool = False,
        lean_tests: bool = False,
        cuda_graph: bool = False,
    ):
        check(message)
        self.message = message
        self.ops = ops
        self.rule = RULES[message.type]
        self.iter = 0
        self.current_step = 0
        self.seed = _seed(message) if seed is None else seed
        log.info("Random seed: %d", self.seed)
        self.rank, self.ranks = rank, ranks
        self.on_start: list[Callable[[], Any]] = []
        self.on_gradients_ready: list[Callable[[], Any]] = []
        self.on_snapshot: list[Callable[[], Any]] = []
        self.on_iteration: list[Callable[[Solver, Array, float], None]] = []
        self._requests: list[Action] = []
        self._stopped = False

        self.plan = nets.train_net(message, level, stages)
        test_plans = nets.test_nets(message) if rank == 0 else []
        log.info("Creating training net from %s", self.plan.source)
        kind = partial(TrainingNet, products=self._leaves_products()) if lean_training else Net
        self.net = self._make_net(self.plan, kind, phase=self.plan.phase)
        self.test_nets: list[Net] = []
        for i, plan in enumerate(test_plans):
            log.info("Creating test net (#%d) specified by %s", i, plan.source)
            self.test_nets.append(self._make_net(plan, InferenceNet if lean_tests else Net, given=self.net.params))
            self.test_nets[i].share_params_with(self.net)
        self._smoothed = SmoothedLoss(ops, message.average_loss)
        self.history: list[list[Array]] = [[ops.zeros(p.blob.shape) for p in self.net.learnable] for _ in range(self.rule.slots)]
        self.steps = CapturedSteps(self) if cuda_graph else Steps(self)
        if message.snapshot and rank == 0:
            snapshot.probe(message)
        for path in message.weights if weights is None else weights:
            self.load_weights(path)
        log.info("Solver scaffolding done.")

    def _make_net(self, plan: nets.NetPlan, kind: Callable[..., Net], **options: Any) -> Net:
        return kind(
            plan.message,
            ops=self.ops,
            level=plan.level,
            stages=plan.stages,
            seed=self.seed,
            rank=self.rank,
            ranks=self.ranks,
            **options,
        )

    def _leaves_products(self) -> bool:
        """Whether gradients may stay products until the update: nothing else is to become of them, nor are they to be shown."""
        message = self.message
        alone = message.iter_size == 1 and message.clip_gradients < 0 and self.ranks == 1 and not message.debug_info
        return self.rule.takes_products and self.ops.takes_products and alone

    # -- weights and snapshots -----------------------------------------------------------------------------------------------

    def load_weights(self, paths: str) -> None:
        """Copy trained weights by layer name into the train and test nets. paths: files, separated by commas."""
        for path in paths.split(","):
            log.info("Finetuning from %s", path)
            loaded = weights_files.load(path)
            for net in (self.net, *self.test_nets):
                for line in copy_weights(net, loaded).lines():
                    log.info("%s", line)

    def snapshot(self) -> tuple[Path, Path]:
        """Write weights and state; (weights file, state file). Caffe: Solver::Snapshot."""
        for callback in self.on_snapshot:
            callback()
        return snapshot.save(self)

    def restore(self, path: str) -> None:
        """Go on from a state file, ours or Caffe's. A state of ours also holds the position in every data source and the random draws."""
        snapshot.restore(self, path)

    # -- training ------------------------------------------------------------------------------------------------------------

    def solve(self, resume: str | None = None) -> None:
        """Train up to max_iter, with the tests and snapshots that the solver file asks for. Caffe: Solver::Solve."""
        log.info("Solving %s", self.net.name)
        log.info("Learning Rate Policy: %s", self.message.lr_policy)
        self._stopped = False
        if resume:
            self.restore(resume)
        self.step(self.message.max_iter - self.iter)
        last = self._smoothed.last
        if self.ops.asynchronous and last is not None:
            self._refuse_non_finite(last)
        due = self.message.snapshot_after_train and (not self.message.snapshot or self.iter % self.message.snapshot)
        if self.rank == 0 and due:
            self.snapshot()
        if self._stopped:
            log.info("Optimization stopped early.")
            return
        if self.message.display and self.iter % self.message.display == 0:
            self.net.forward(loss=self._smoothed.next())
            log.info("Iteration %d, loss = %g", self.iter, self._smoothed.value)
        if self.message.test_interval and self.iter % self.message.test_interval == 0:
            self.test_all()
        log.info("Optimization Done.")

    def step(self, iterations: int) -> None:
        """Run this many iterations: test where it is due, forward and backward, display, update, snapshot. Caffe: Solver::Step."""
        message = self.message
        stop = self.iter + iterations
        self._smoothed.clear()
        speed = SpeedLine(self.iter)
        while self.iter < stop:
            if message.test_interval and self.iter % message.test_interval == 0 and (self.iter or message.test_initialization):
                self.test_all()
                if self._stopped:
                    break
            displayed = bool(message.display) and self.iter % message.display == 0
            self.net.debug_info = displayed and message.debug_info
            for callback in self.on_start:
                callback()
            loss = self.gradients(self._smoothed.next())
            if displayed or not self.ops.asynchronous:
                self._refuse_non_finite(loss)
            if displayed:
                log.info("%s", speed.line(self.iter, message.display, self._smoothed.value))
                for line in output_lines("Train", outputs_of(self.net)):
                    log.info("%s", line)
            for callback in self.on_gradients_ready:
                callback()
            rate = self.apply_update(displayed)
            self.iter += 1
            for listener in self.on_iteration:
                listener(self, loss, rate)
            wanted = self._next_request()
            due = bool(message.snapshot) and self.iter % message.snapshot == 0
            if self.rank == 0 and (due or wanted is Action.SNAPSHOT):
                self._refuse_non_finite(loss)
                self.snapshot()
            if wanted is Action.STOP:
                self._stopped = True
                break

    def gradients(self, loss: Array | None = None) -> Array:
        """`loss` (a 0 of shape ()), or a new one, with the mean loss of iter_size passes forward and backward.

        Gradients add up in the learned blobs' diffs.
        """
        self.steps.clear()
        total = self.ops.zeros(()) if loss is None else loss
        for _ in range(self.message.iter_size):
            self.steps.run(total)
        if self.message.iter_size > 1:
            self.ops.multiply(total, total, factor=1 / self.message.iter_size)
        return total

    def _refuse_non_finite(self, loss: Array) -> None:
        """Raise SolverError for a loss that is NaN or infinite; where a label is to blame, the loss layer's own error."""
        if isfinite(float(loss)):
            return
        if self.ops.asynchronous:
            self._check_losses()
        culprit = next((f"blob {n!r}" for n, b in self.net.blobs.items() if not self.ops.all_finite(b.data)), "a gradient")
        learned = next((f"learned blob {p.key!r}" for p in self.net.learnable if not self.ops.all_finite(p.blob.data)), "")
        raise SolverError(
            f"the loss is {float(loss):g} at iteration {self.iter}; the first that is not finite: {learned or culprit}",
            place=place_of(self.message, "base_lr"),
            hint="The weights have not been written; snapshots made before are whole. Try a smaller base_lr, or clip_gradients",
        )

    def _check_losses(self) -> None:
        """Run the loss layers again on what they had, with the checks that a queue of operations goes without."""
        with self.ops.checked():
            for i, layer in enumerate(self.net.layers):
                if layer.is_loss:
                    self.net.forward_layer(i)

    def rate(self) -> float:
        """The learning rate of the current iteration."""
        before = self.current_step
        rate, self.current_step = lr_policy.learning_rate(self.message, self.iter, self.current_step)
        if self.current_step != before:
            log.info("MultiStep Status: Iteration %d, step = %d", self.iter, self.current_step)
        return rate

    def apply_update(self, displayed: bool = False) -> float:
        """Change every learned blob by its gradient; the rate used. Caffe: SGDSolver::ApplyUpdate."""
        rate = self.rate()
        if displayed:
            log.info("Iteration %d, lr = %g", self.iter, rate)
        self.steps.update(rate, displayed=displayed)
        return rate

    # -- testing -------------------------------------------------------------------------------------------------------------

    def test_all(self) -> None:
        """Run every test net for its test_iter batches and say the means of its outputs. Caffe: Solver::TestAll."""
        for i in range(len(self.test_nets)):
            if self._stopped:
                return
            self._test(i)

    def _test(self, i: int) -> None:
        net, batches = self.test_nets[i], self.message.test_iter[i]
        log.info("Iteration %d, Testing net (#%d)", self.iter, i)
        net.weights_changed()
        loss = 0.0
        found = self._outputs()
        for _ in range(batches):
            if self._interrupted():
                log.info("Test interrupted.")
                return
            loss += float(net.forward())
            found.add(net)
        if self.message.test_compute_loss:
            log.info("Test loss: %g", loss / batches)
        for line in output_lines("Test", found):
            log.info("%s", line)

    def _outputs(self) -> MeanOutputs | AveragePrecisions:
        """What a test makes of its outputs."""
        if self.message.eval_type == "detection":
            return AveragePrecisions(self.message.ap_version, show_classes=self.message.show_per_class_result)
        return MeanOutputs()

    # -- signals -------------------------------------------------------------------------------------------------------------

    def request(self, action: Action) -> None:
        """Ask for an action after the current iteration or test batch. May be called from a signal handler."""
        self._requests.append(action)

    def _next_request(self) -> Action | None:
        return self._requests.pop(0) if self._requests else None

    def _interrupted(self) -> bool:
        """Obey what was asked for between two batches of a test; whether to stop."""
        wanted = self._next_request()
        if wanted is Action.SNAPSHOT:
            self.snapshot()
        self._stopped = self._stopped or wanted is Action.STOP
        return self._stopped

    def close(self) -> None:
        """Stop the readers of all nets."""
        for net in (self.net, *self.test_nets):
            net.close()


def check(message: Any) -> None:
    """Raise SolverError for settings that no run could obey."""
    if message.type not in RULES:
        raise SolverError(f"unknown solver type {message.type!r}", place=place_of(message, "type"), hint=did_you_mean(message.type, RULES))
    lr_policy.check(message)
    average_precision.check(message)
    if message.regularization_type not in ("L1", "L2"):
        raise SolverError(
            f"unknown regularization_type {message.regularization_type!r}",
            place=place_of(message, "regularization_type"),
            hint="Known: L1, L2",
        )
    for field in ("iter_size", "average_loss"):
        if getattr(message, field) < 1:
            raise SolverError(f"{field} is {getattr(message, field)}; it must be at least 1", place=place_of(message, field))


def _seed(message: Any) -> int:
    return message.random_seed if message.random_seed >= 0 else int.from_bytes(os.urandom(4), "little")
