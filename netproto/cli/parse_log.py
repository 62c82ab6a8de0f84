"""Make tables of a training log: LOGNAME.train and LOGNAME.test, with a row for each display and each test.

Columns: NumIters, Seconds since training began, LearningRate, the net's outputs; where there are several test nets, TestNet. Caffe's logs
of any age are read, and ours. Lines that were cut are passed over; after a restart, rows come again.
"""

from __future__ import annotations

import csv
import io
import logging
import os
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator

from ..formats import files
from . import logfile
from .flags import Parser
from .logfile import Row

EXAMPLE = "netproto parse-log train.log tables/"

log = logging.getLogger(__name__)


def add_flags(parser: Parser) -> None:
    parser.add_argument("logfile_path", metavar="LOGFILE", help="the log of a training run")
    parser.add_argument("output_dir", metavar="OUTPUT_DIR", nargs="?", default=".", help="where to write the tables; default here")
    parser.flag("delimiter", type=_delimiter, default=",", metavar="C", help=r"what stands between columns; default a comma; \t is a tab")
    parser.switch("verbose", help="say what is written")


def run(args: Namespace) -> int:
    """Read, and write both tables."""
    read = logfile.read(args.logfile_path)
    name = os.path.join(args.output_dir, os.path.basename(args.logfile_path))
    for kind, rows in (("train", read.train), ("test", read.test)):
        path = f"{name}.{kind}"
        if rows:
            _write(path, rows, args.delimiter)
        if args.verbose:
            print(f"Wrote {path}" if rows else f"Not writing {path}; no lines to write")
    return 0


def _write(path: str, rows: list[Row], delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(table(rows))
    with files.writing(path) as file:
        file.write(text.getvalue().encode("utf-8", "surrogateescape"))


def table(rows: list[Row]) -> Iterator[list[object]]:
    """The names of the columns, then the values of each row, as Caffe's parse_log.py writes them; '' where a row lacks one."""
    names = list(logfile.columns(rows))
    several = len({row.net for row in rows}) > 1
    yield ["NumIters", "Seconds", "LearningRate", *(["TestNet"] if several else []), *names]
    for row in rows:
        values = [row.values.get(name, "") for name in names]
        yield [float(row.iteration), row.seconds, row.rate, *([row.net] if several else []), *values]


def _delimiter(text: str) -> str:
    text = "\t" if text == r"\t" else text
    if len(text) != 1 or text in '\r\n"':
        raise ArgumentTypeError(f"{text!r} is not one character")
    return text
