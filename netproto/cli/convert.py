"""Change weights from one file format into another: .caffemodel, .caffemodel.h5, .npz, .safetensors. The output's suffix says which.

A mean file becomes a .npy, or a .npy a mean file, .binaryproto. What Keras saved as HDF5 becomes the weights of the net that --model names.
"""

from __future__ import annotations

import logging
from argparse import Namespace
from pathlib import Path

from ..errors import FormatError, Place
from ..formats import keras, mean
from ..formats import weights as weights_files
from ..formats.weights import Weights
from ..net import channels_last
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
    weights = _from_keras(args) if keras.is_keras(args.input) else _from_caffe(args)
    weights_files.save(args.output, weights)
    arrays = [array for _, _, array in weights.arrays()]
    log.info("Wrote %s: %d layers, %d arrays, %s numbers", args.output, len(weights), len(arrays), f"{sum(a.size for a in arrays):,}")
    return 0


def _from_caffe(args: Namespace) -> Weights:
    weights = weights_files.load(args.input)
    if not args.model:
        return weights
    net = upgrade.load_net(args.model)
    return Weights(weights, message=net, net_text=text.dump(net), source=weights.source)


def _from_keras(args: Namespace) -> Weights:
    if not args.model:
        hint = "Name the net that is to have them: --model deploy.prototxt"
        raise FormatError("was saved by Keras, which does not say where its layers are in a net", place=Place(args.input), hint=hint)
    return channels_last.for_net(keras.load(args.input), upgrade.load_net(args.model))


def _convert_mean(args: Namespace) -> int:
    values = mean.load(args.input)
    mean.save(args.output, values)
    log.info("Wrote %s: %d channels of %d x %d", args.output, *values.shape)
    return 0
