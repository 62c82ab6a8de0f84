"""Train a net as a solver file says, or go on from a snapshot (--snapshot) or from trained weights (--weights)."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from ..errors import SolverError
from ..formats import weights as weights_files
from ..layers.base import TRAIN
from ..net.loading import copy_weights
from ..ops import gpu_nccl
from ..ops.base import Ops
from ..schema import upgrade
from ..solver import Solver, parallel, snapshot
from ..solver.nets import train_net
from ..solver.rules import RULES
from . import device, logs, nets, options, samples, signals
from .flags import Parser, UsageError, positive, positive_number

EXAMPLE = "netproto train --solver examples/bvlc_alexnet/solver.prototxt --sample --batch-size 64 --max-iter 60"

log = logging.getLogger(__name__)


def add_flags(parser: Parser) -> None:
    parser.flag("solver", required=True, metavar="FILE", help="the solver file (prototxt)")
    parser.flag("snapshot", metavar="STATE", help="a solver state to go on from, ours or Caffe's; `newest`: the last one written")
    parser.flag("weights", metavar="A,B", help="weights files to start from; layers find theirs by name")
    parser.switch("strict", help="refuse --weights that leave a layer of the net without weights, or are not all used")
    options.add_gpu(parser)
    options.add_gpu_ways(parser)
    parser.switch("cuda-graph", help="have the GPU go through iterations that it was asked for once, which not all layers allow")
    options.add_net_state(parser)
    options.add_phase(parser, "TRAIN", "taken for Caffe's sake, without effect")
    parser.flag("sigint-effect", choices=signals.EFFECTS, default="stop", help="what Ctrl-C does; stop writes a snapshot first")
    parser.flag("sighup-effect", choices=signals.EFFECTS, default="snapshot", help="what a hang-up does")
    parser.flag("max-iter", type=positive, metavar="N", help="stop after N iterations, in the place of max_iter in the solver file")
    parser.flag("base-lr", type=positive_number, metavar="R", help="the learning rate, in the place of base_lr in the solver file")
    parser.flag("batch-size", type=positive, metavar="N", help="pictures in a training batch, in the place of batch_size in the net")
    options.add_sample(parser)
    options.add_python_layers(parser)


def run(args: Namespace) -> int:
    """Train to the end, or until a signal says stop."""
    if args.snapshot and args.weights:
        raise UsageError("--snapshot goes on from a snapshot, --weights from trained weights: give one of them")
    message = as_flags_say(upgrade.load_solver(args.solver), args)
    gpus = device.for_training(args.gpu)
    ops = device.for_solver(gpus[:1], message, cudnn=args.cudnn, tf32=args.tf32)
    _probe_snapshots(message)
    state = _state_to_resume(args, message)
    with ExitStack() as stack:
        stack.enter_context(_memory_explained(ops, message, args))
        with samples.offered(args.sample):
            solver = _build(message, ops, args, ranks=max(len(gpus), 1))
        stack.callback(solver.close)
        if state:
            solver.restore(state)
        stack.enter_context(signals.obeyed(solver, args.sigint_effect, args.sighup_effect))
        if logs.for_a_person(args):
            from . import progress

            stack.enter_context(progress.bar(solver, message.max_iter))
        log.info("Starting Optimization")
        if solver.ranks > 1:
            parallel.solve(solver, _others(gpus, solver, args), lambda: gpu_nccl.communicators(gpus))
        else:
            solver.solve()
    return 0


def as_flags_say(message: Any, args: Namespace) -> Any:
    """The SolverParameter with --max-iter, --base-lr, --batch-size, --sample and --no-python-layers worked into it and its nets."""
    if args.max_iter:
        message.max_iter = args.max_iter
    if args.base_lr:
        message.base_lr = args.base_lr
    if args.batch_size:
        message = nets.edit_train_net(message, lambda net: nets.set_batch_size(net, args.batch_size, level=args.level, stages=args.stage))
    if args.sample:
        message = samples.in_solver(message)
    if not args.python_layers:
        message = nets.edit_test_nets(nets.edit_train_net(message, nets.without_python), nets.without_python)
    return message


def _memory_explained(ops: Ops, message: Any, args: Namespace) -> AbstractContextManager[None]:
    """What the net in training takes, where a GPU has no room for it."""
    return device.memory_explained(
        ops,
        lambda: train_net(message, args.level, args.stage).message,
        TRAIN,
        history=RULES[message.type].slots,
        level=args.level,
        stages=args.stage,
    )


def _build(message: Any, ops: Ops, args: Namespace, *, ranks: int) -> Solver:
    weights = [] if args.snapshot else [args.weights] if args.weights else None
    solver = _solver(message, ops, args, weights=weights, ranks=ranks)
    if args.strict and args.weights:
        for path in args.weights.split(","):
            copy_weights(solver.net, weights_files.load(path), strict=True)
    return solver


def _others(gpus: Sequence[int], first: Solver, args: Namespace) -> Callable[[int], Solver]:
    """What makes the solver of another rank, on its GPU."""

    def make(rank: int) -> Solver:
        ops = device.choose([gpus[rank]], cudnn=args.cudnn, tf32=args.tf32)
        return _solver(first.message, ops, args, weights=[], seed=first.seed, rank=rank, ranks=len(gpus))

    return make


def _solver(message: Any, ops: Ops, args: Namespace, **more: Any) -> Solver:
    return Solver(
        message, ops=ops, level=args.level, stages=args.stage, lean_training=True, lean_tests=True, cuda_graph=args.cuda_graph, **more
    )


def _probe_snapshots(message: Any) -> None:
    """Make the folder for snapshots, and raise SolverError now, not after the training, where none can be written."""
    if not (message.snapshot or message.snapshot_after_train):
        return
    folder = Path(message.snapshot_prefix).parent
    if not folder.is_dir():
        log.info("Making the folder %s for snapshots", folder)
    snapshot.probe(message)


def _state_to_resume(args: Namespace, message: Any) -> str | None:
    """The state file that --snapshot names; for 'newest' the last one of the solver's snapshot_prefix."""
    if args.snapshot != "newest":
        return str(args.snapshot) if args.snapshot else None
    found = snapshot.newest(message.snapshot_prefix)
    if found is None:
        raise SolverError(
            f"--snapshot newest: there is none of the prefix {message.snapshot_prefix!r}", hint="Leave --snapshot out to start anew"
        )
    return str(found)
