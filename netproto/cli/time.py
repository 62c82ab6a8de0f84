"""Measure a net: the time of every layer forward and backward, and of the whole. Data and weights do not matter for it."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Callable
from time import perf_counter

from ..layers.base import TEST, TRAIN
from ..net.net import Net
from . import device, nets, options, samples
from .flags import Parser, positive

EXAMPLE = "netproto time --model deploy.prototxt --iterations 10"

log = logging.getLogger(__name__)


def add_flags(parser: Parser) -> None:
    parser.flag("model", required=True, metavar="FILE", help="the net (prototxt)")
    parser.flag("iterations", type=positive, default=50, metavar="N", help="passes to measure; default 50")
    parser.flag("weights", metavar="FILE", help="taken for Caffe's sake, without effect")
    options.add_phase(parser, "TRAIN")
    options.add_gpu(parser)
    options.add_gpu_ways(parser)
    options.add_net_state(parser)
    options.add_sample(parser)
    options.add_python_layers(parser)


def run(args: Namespace) -> int:
    """Measure and print, as Caffe does."""
    ops = device.choose(args.gpu, cudnn=args.cudnn, tf32=args.tf32)
    message = nets.load_net(args.model, python_layers=args.python_layers)
    phase = TRAIN if args.phase == "TRAIN" else TEST
    if args.sample:
        message, _ = samples.in_net(message, phase)
    with device.memory_explained(ops, lambda: message, phase, level=args.level, stages=args.stage):
        with samples.offered(args.sample):
            net = Net(message, ops=ops, phase=phase, level=args.level, stages=args.stage)
        try:
            _warm_up(net)
            _measure(net, args.iterations)
        finally:
            net.close()
    return 0


def _warm_up(net: Net) -> None:
    """One pass, which allocates and compiles what later ones reuse."""
    log.info("Performing Forward")
    log.info("Initial loss: %g", float(net.forward()))
    log.info("Performing Backward")
    for i in reversed(range(len(net.layers))):
        _backward(net, i)


def _backward(net: Net, i: int) -> None:
    """The backward pass of a layer that has anything to give it to. Caffe: bottom_need_backward, param_propagate_down."""
    if any(net.graph.nodes[i].propagate_down) or any(net.layers[i].param_propagate_down):
        net.backward_layer(i)


def _measure(net: Net, iterations: int) -> None:
    log.info("*** Benchmark begins ***")
    log.info("Testing for %d iterations.", iterations)
    count = len(net.layers)
    forward, backward = [0.0] * count, [0.0] * count
    begin = perf_counter()
    for j in range(iterations):
        start = perf_counter()
        for i in range(count):
            forward[i] += _milliseconds(net, Net.forward_layer, i)
        for i in reversed(range(count)):
            backward[i] += _milliseconds(net, _backward, i)
        log.info("Iteration: %d forward-backward time: %g ms.", j + 1, (perf_counter() - start) * 1e3)
    total = (perf_counter() - begin) * 1e3
    log.info("Average time per layer: ")
    for name, there, back in zip(net.layer_names, forward, backward, strict=True):
        log.info("%10s\tforward: %g ms.", name, there / iterations)
        log.info("%10s\tbackward: %g ms.", name, back / iterations)
    log.info("Average Forward pass: %g ms.", sum(forward) / iterations)
    log.info("Average Backward pass: %g ms.", sum(backward) / iterations)
    log.info("Average Forward-Backward: %g ms.", total / iterations)
    log.info("Total Time: %g ms.", total)
    log.info("*** Benchmark ends ***")


def _milliseconds(net: Net, pass_of: Callable[[Net, int], object], i: int) -> float:
    """How long a layer's pass takes, on a device until it is done."""
    start = perf_counter()
    pass_of(net, i)
    net.ops.wait()
    return (perf_counter() - start) * 1e3
