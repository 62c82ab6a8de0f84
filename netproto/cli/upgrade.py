"""Rewrite an old net or solver file in today's form. Text (prototxt) gives text, a binary net (.caffemodel) a binary one."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from ..errors import ParseError, Place
from ..formats import files
from ..formats import weights as weights_files
from ..schema import text, upgrade
from . import nets
from .flags import Parser

EXAMPLE = "netproto upgrade old_train_val.prototxt new_train_val.prototxt"


def add_flags(parser: Parser) -> None:
    parser.add_argument("input", metavar="IN", help="a net or solver file, text or binary, of any age")
    parser.add_argument("output", metavar="OUT", nargs="?", help="the file to write; text goes to the screen without it")


def run(args: Namespace) -> int:
    """Read, upgrade, write."""
    if b"\0" in files.beginning(args.input, 4096):
        return _binary(args)
    message = nets.read(args.input)
    upgraded = upgrade.solver(message) if nets.is_solver(message) else upgrade.net(message)
    written = text.dump(upgraded)
    if args.output:
        with files.writing(args.output) as file:
            file.write(written.encode("utf-8", "surrogateescape"))
    else:
        sys.stdout.write(written)
    return 0


def _binary(args: Namespace) -> int:
    if not args.output:
        raise ParseError("is binary, so it cannot be shown", place=Place(args.input), hint="Name a file to write as well")
    if Path(args.output).suffix not in weights_files.SUFFIXES:
        args.output += ".caffemodel"
    weights_files.save(args.output, weights_files.load(args.input))
    return 0
