"""Make an LMDB of pictures: LISTFILE has a line `PATH LABEL` for each, PATH within ROOTFOLDER. What cannot be read is skipped and named."""

from __future__ import annotations

import logging
import os
from argparse import Namespace

from ..data.convert import Recipe, convert
from ..errors import DataError
from .flags import Parser, UsageError, natural

EXAMPLE = "netproto convert-imageset --resize-height 256 --resize-width 256 --shuffle images/ train.txt train_lmdb"

log = logging.getLogger(__name__)


def add_flags(parser: Parser) -> None:
    parser.add_argument("root", metavar="ROOTFOLDER", help="what stands before each path of the list, as it is: mind the slash at its end")
    parser.add_argument("listing", metavar="LISTFILE", help="a line for each picture: its path, a space, its label (a whole number)")
    parser.add_argument("database", metavar="DB_NAME", help="the database to make; it must not be there yet")
    parser.switch("gray", help="one channel, not three")
    parser.switch("shuffle", help="put the pictures in random order")
    parser.flag("seed", type=natural, metavar="N", help="makes --shuffle give the same order each time")
    parser.flag("backend", choices=("lmdb", "leveldb"), default="lmdb", help="lmdb; leveldb is read only")
    parser.flag("resize-width", type=natural, default=0, metavar="N", help="the width of all pictures; 0 keeps theirs")
    parser.flag("resize-height", type=natural, default=0, metavar="N", help="the height of all pictures; 0 keeps theirs")
    parser.flag(
        "square", type=natural, default=0, metavar="N", help="resize the shorter side to N, and cut the middle out; not with --resize-*"
    )
    parser.switch("check-size", help="stop where a picture has another size than the first")
    parser.switch("encoded", help="store JPEG or PNG, not raw pixels")
    parser.flag("encode-type", default="", metavar="jpg|png", help="the format to store; without it, that of each file's name")


def run(args: Namespace) -> int:
    """Convert, and say what was skipped."""
    if args.backend == "leveldb":
        raise DataError("LevelDB is read but not written", hint="Use --backend lmdb, and `backend: LMDB` in the net")
    if args.square and (args.resize_height or args.resize_width):
        raise UsageError("--square sets both sides: leave --resize-height and --resize-width out")
    recipe = Recipe(args.gray, args.resize_height, args.resize_width, args.check_size, args.encoded, args.encode_type, args.square)
    seed = None
    if args.shuffle:
        seed = int.from_bytes(os.urandom(4), "little") if args.seed is None else args.seed
        log.info("Shuffling data, seed %d", seed)
    outcome = convert(args.root, args.listing, args.database, recipe, shuffle_seed=seed)
    log.info("Wrote %d pictures to %s", outcome.written, args.database)
    if outcome.skipped:
        log.warning("%d pictures could not be read and are not in it; the first is %s", len(outcome.skipped), outcome.skipped[0][0])
    return 0
