"""Where log lines go: Caffe's own lines (glog's) to files and pipes, so that its users' parsers keep working; plain ones to a terminal."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from ..glog import GLOG_LEVEL, LEVELS, Glog, of_the_first_rank

YELLOW, OFF = "\033[33m", "\033[0m"
GLOG_FOLDER = "GLOG_log_dir"
"""glog's environment variable for where its files go."""
IN_BAR = re.compile(r"Iteration \d+, lr = |    Train net output #")


class Plain(logging.Formatter):
    """The message alone; a warning says that it is one."""

    def __init__(self, colours: bool):
        super().__init__()
        self.warning = f"{YELLOW}warning:{OFF}" if colours else "warning:"

    def format(self, record: logging.LogRecord) -> str:
        return f"{self.warning} {record.getMessage()}" if record.levelno >= logging.WARNING else record.getMessage()


class AboveBar(logging.StreamHandler[TextIO]):
    """Writes above the progress bar, where there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        if "tqdm" not in sys.modules:
            super().emit(record)
            return
        from tqdm import tqdm

        with tqdm.external_write_mode(file=self.stream):
            super().emit(record)


def for_a_person(args: argparse.Namespace) -> bool:
    """Whether a person reads stderr: it is a terminal, no CI machine's, and Caffe's log lines were not asked for."""
    terminal = sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
    return terminal and args.log_format != "glog"


@contextmanager
def set_up(args: argparse.Namespace, *, quiet: bool) -> Iterator[None]:
    """Send what netproto logs to stderr, and to a file in --log-dir, while the block runs. quiet: warnings only on stderr."""
    log = logging.getLogger("netproto")
    before = log.level, log.propagate
    with ExitStack() as stack:
        for handler in _handlers(args, quiet):
            log.addHandler(handler)
            stack.callback(handler.close)
            stack.callback(log.removeHandler, handler)
        log.setLevel(logging.INFO)
        log.propagate = False
        try:
            yield
        finally:
            log.level, log.propagate = before


def _handlers(args: argparse.Namespace, quiet: bool) -> Iterator[logging.Handler]:
    screen, person = AboveBar(sys.stderr), for_a_person(args)
    plain = person or args.log_format == "plain" or (quiet and args.log_format == "auto")
    screen.setFormatter(Plain(person and "NO_COLOR" not in os.environ) if plain else Glog())
    if person:
        screen.addFilter(_not_in_bar)
    screen.setLevel(max(_level(args.minloglevel), logging.WARNING if quiet else logging.INFO))
    screen.addFilter(of_the_first_rank)
    yield screen
    directory = args.log_dir or os.environ.get(GLOG_FOLDER)
    if directory:
        file = _file_handler(Path(directory))
        file.addFilter(of_the_first_rank)
        yield file


def _not_in_bar(record: logging.LogRecord) -> bool:
    """False for the lines that repeat what the bar shows: each iteration's rate, and the training net's outputs."""
    return not IN_BAR.match(record.getMessage())


def _level(minloglevel: int | None) -> int:
    written = os.environ.get(GLOG_LEVEL, "0") if minloglevel is None else str(minloglevel)
    return LEVELS[min(int(written), 3)] if written.isdigit() else logging.INFO


def _file_handler(directory: Path) -> logging.Handler:
    directory.mkdir(parents=True, exist_ok=True)
    name = f"netproto.log.INFO.{datetime.now():%Y%m%d-%H%M%S}.{os.getpid()}"
    handler = logging.FileHandler(directory / name, encoding="utf-8")
    handler.setFormatter(Glog())
    return handler
