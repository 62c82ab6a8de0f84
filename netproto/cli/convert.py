"""Change weights from one file format into another: .caffemodel, .caffemodel.h5, .npz, .safetensors. The output's suffix says which.

A mean file becomes a .npy, or a .npy a mean file, .binaryproto.
"""

from __future__ import annotations

import logging
from argparse import Namespace
from pathlib import Path

from ..formats import mean
from ..formats import weights as weights_files
from ..formats.weights import Weights
from ..schema import text, upgrade
from .flags import Parser

EXAMPLE = "netproto convert bvlc_alexnet.caffemodel bvlc_alexnet.npz"
MEAN_SUFFIXES = (".npy", ".binaryproto")

log = logging.getLogger(__name__)


def add_flags(parser: Parser) -> None:
    parser.add_argument("input", metavar="IN", help="the file to read; what it is, its contents say")
    parser.add_argument("output", metavar="OUT", help="the file to write: " + ", ".join(weights_files.SUFFIXES))
    parser.flag("model", metavar="FILE", help="a net (prototxt) to write into the file, where its format has room for one")


def run(args: Namespace) -> int:
    """Read, write, and say what was in it."""
    if Path(args.output).suffix in MEAN_SUFFIXES:
        return _convert_mean(args)
    weights = weights_files.load(args.input)
    if args.model:
        net = upgrade.load_net(args.model)
        weights = Weights(weights, message=net, net_text=text.dump(net), source=weights.source)
    weights_files.save(args.output, weights)
    arrays = [array for _, _, array in weights.arrays()]
    log.info("Wrote %s: %d layers, %d arrays, %s numbers", args.output, len(weights), len(arrays), f"{sum(a.size for a in arrays):,}")
    return 0


def _convert_mean(args: Namespace) -> int:
    values = mean.load(args.input)
    mean.save(args.output, values)
    log.info("Wrote %s: %d channels of %d x %d", args.output, *values.shape)
    return 0
