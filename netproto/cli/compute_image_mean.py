"""Make the mean picture of a database: the mean_file of transform_param; and the principal components of its colours: the pca_file."""

from __future__ import annotations

import logging
from argparse import Namespace

from ..data import relight
from ..data.convert import mean_of
from ..data.relight import ColorSum
from ..formats import mean
from .flags import Parser

EXAMPLE = "netproto compute-image-mean train_lmdb mean.binaryproto"

log = logging.getLogger(__name__)


def add_flags(parser: Parser) -> None:
    parser.add_argument("database", metavar="INPUT_DB", help="the database of pictures, all of one size")
    parser.add_argument("output", metavar="OUTPUT_FILE", nargs="?", help="the mean file to write: .binaryproto, or .npy")
    parser.flag("backend", choices=("lmdb", "leveldb"), default="lmdb", help="what kind of database it is; default lmdb")
    parser.flag("pca", metavar="FILE", help="also write the principal components of the colours: .binaryproto, or .npy")


def run(args: Namespace) -> int:
    """Compute, write, and print the channels' means, and the components."""
    colors = ColorSum() if args.pca else None
    values = mean_of(args.database, args.backend.upper(), colors)
    if args.output:
        log.info("Write to %s", args.output)
        mean.save(args.output, values)
    log.info("Number of channels: %d", len(values))
    for channel, value in enumerate(values.mean(axis=(1, 2), dtype="float64")):
        log.info("mean_value channel [%d]: %g", channel, value)
    if colors is not None:
        _write_components(args.pca, colors)
    return 0


def _write_components(path: str, colors: ColorSum) -> None:
    values, vectors = colors.components()
    log.info("Write to %s", path)
    relight.save(path, values, vectors)
    for value, vector in zip(values, vectors.T, strict=True):
        log.info("principal component of (%s): %g", ", ".join(f"{entry:g}" for entry in vector), value)
