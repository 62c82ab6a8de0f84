"""Score a trained net: run it in phase TEST over its data, print each batch's outputs and their means."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from ..formats import weights as weights_files
from ..layers.base import TEST
from ..net.inference import InferenceNet
from ..net.loading import copy_weights
from ..net.placed import PlacedNet, is_placed
from ..ops.base import Ops
from ..solver.report import outputs_of
from . import device, nets, options, samples, ten_crop
from .flags import Parser, positive

EXAMPLE = "netproto test --model train_val.prototxt --weights model_iter_1000.npz --iterations 50"
DEFAULT_ITERATIONS = 50

log = logging.getLogger(__name__)


def add_flags(parser: Parser) -> None:
    parser.flag("model", metavar="FILE", help="the net (prototxt); may be left out where the weights file holds it, as .npz does")
    parser.flag("weights", required=True, metavar="FILE", help="the trained weights")
    parser.flag(
        "iterations", type=positive, metavar="N", help=f"batches to run; default {DEFAULT_ITERATIONS}, with --sample all pictures once"
    )
    parser.switch("ten-crop", help="judge each picture by corners, centre and their mirrors: the mean of their softmax")
    parser.switch("strict", help="refuse weights that leave a layer of the net without any, or are not all used")
    options.add_gpu(parser)
    options.add_gpu_ways(parser)
    options.add_net_state(parser)
    options.add_sample(parser)
    options.add_python_layers(parser)


def run(args: Namespace) -> int:
    """Score and print."""
    weights = weights_files.load(args.weights)
    message = _net_of(weights, args)
    everywhere = _backends(message, args)
    iterations = args.iterations or DEFAULT_ITERATIONS
    if args.sample:
        message, batches = samples.in_net(message, TEST)
        iterations = args.iterations or batches or DEFAULT_ITERATIONS
    if args.ten_crop:
        with samples.offered(args.sample):
            ten_crop.score(message, weights, everywhere[0], iterations, args)
        return 0
    with samples.offered(args.sample):
        net = _built(message, weights, everywhere, args)
    try:
        for line in copy_weights(net, weights, strict=args.strict).lines():
            log.info("%s", line)
        log.info("Running for %d iterations.", iterations)
        _score(net, iterations)
    finally:
        net.close()
    return 0


def _backends(message: Any, args: Namespace) -> list[Ops]:
    """What the net runs on: several GPUs only where its layers say on which they run."""
    ways = {"cudnn": args.cudnn, "tf32": args.tf32}
    if is_placed(message) and not args.ten_crop:
        gpus = device.indices(args.gpu)
        if len(gpus) > 1:
            return [device.choose([gpu], **ways) for gpu in gpus]
    return [device.choose(args.gpu, **ways)]


def _built(message: Any, weights: weights_files.Weights, everywhere: Sequence[Ops], args: Namespace) -> InferenceNet | PlacedNet:
    if len(everywhere) > 1:
        return PlacedNet(message, everywhere=everywhere, level=args.level, stages=args.stage, given=weights.complete())
    return InferenceNet(message, ops=everywhere[0], level=args.level, stages=args.stage, given=weights.complete())


def _net_of(weights: weights_files.Weights, args: Namespace) -> Any:
    if args.model:
        return nets.load_net(args.model, python_layers=args.python_layers)
    return nets.of_weights(weights, python_layers=args.python_layers)


def _score(net: InferenceNet | PlacedNet, iterations: int) -> None:
    """Caffe's lines: each output of each batch, then the means."""
    loss, sums = 0.0, [0.0] * sum(net.blobs[name].count for name in net.outputs)
    for i in range(iterations):
        loss += float(net.forward())
        for k, (name, value, _) in enumerate(outputs_of(net)):
            sums[k] += value
            log.info("Batch %d, %s = %g", i, name, value)
    log.info("Loss: %g", loss / iterations)
    for total, (name, _, weight) in zip(sums, outputs_of(net), strict=True):
        mean = total / iterations
        log.info("%s = %g%s", name, mean, f" (* {weight:g} = {weight * mean:g} loss)" if weight else "")
