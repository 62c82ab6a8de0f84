"""Make an LMDB of MNIST's or Fashion-MNIST's files, plain or gzipped: gray pictures, or pairs of them for a siamese net."""

from __future__ import annotations

import logging
from argparse import Namespace

from ..data import datasets, lmdb
from ..formats import files
from .flags import Parser, natural

EXAMPLE = "netproto convert-mnist train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz mnist_train_lmdb"

log = logging.getLogger(__name__)


def add_flags(parser: Parser) -> None:
    parser.add_argument("images", metavar="IMAGES", help="the idx file of pictures")
    parser.add_argument("labels", metavar="LABELS", help="the idx file of labels")
    parser.add_argument("database", metavar="DB_NAME", help="the database to make; it must not be there yet")
    parser.flag("resize", type=natural, default=0, metavar="N", help="the side of the pictures; without it, as they are")
    parser.switch("encoded", help="store PNG, not raw pixels")
    parser.switch("pairs", help="two channels, a picture each, drawn at random; the label is 1 where both are of one class, else 0")
    parser.flag("seed", type=natural, default=0, metavar="N", help="of the draw of the pairs; default 0")


def run(args: Namespace) -> int:
    """Convert, and say how many."""
    pictures, labels = datasets.read_mnist(args.images, args.labels)
    planes = pictures[:, None]
    if args.pairs:
        planes, labels = datasets.pairs(planes, labels, args.seed)
    with files.whole_folder(args.database) as folder:
        written = lmdb.write(folder, datasets.pictures(planes, labels, side=args.resize, encoded=args.encoded))
    log.info("Wrote %d %s to %s", written, "pairs" if args.pairs else "pictures", args.database)
    return 0
