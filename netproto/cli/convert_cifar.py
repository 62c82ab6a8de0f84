"""Make two LMDBs, cifar10_train_lmdb and cifar10_test_lmdb, of the files of CIFAR-10's binary version."""

from __future__ import annotations

import logging
from argparse import Namespace
from pathlib import Path

from ..data import datasets, lmdb
from ..formats import files
from .flags import Parser

EXAMPLE = "netproto convert-cifar cifar-10-batches-bin examples/cifar10"

log = logging.getLogger(__name__)


def add_flags(parser: Parser) -> None:
    parser.add_argument("input", metavar="INPUT_FOLDER", help="where data_batch_1.bin to data_batch_5.bin and test_batch.bin are")
    parser.add_argument("output", metavar="OUTPUT_FOLDER", help="where the databases shall be; they must not be there yet")


def run(args: Namespace) -> int:
    """Convert, and say how many."""
    for split in datasets.CIFAR10_FILES:
        planes, labels = datasets.read_cifar10(args.input, split)
        target = Path(args.output) / f"cifar10_{split}_lmdb"
        target.parent.mkdir(parents=True, exist_ok=True)
        with files.whole_folder(target) as folder:
            written = lmdb.write(folder, datasets.pictures(planes, labels))
        log.info("Wrote %d pictures to %s", written, target)
    return 0
