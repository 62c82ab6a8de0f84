"""What Caffe's log functions do, on Python's logging. Caffe: InitLog and Log of python/caffe/_caffe.cpp."""

from __future__ import annotations

import logging
import os

from ..glog import GLOG_LEVEL, LEVELS, Glog
from .mode import solver_rank

log_of_scripts = logging.getLogger("netproto.script")
everything = logging.getLogger("netproto")


def init_log(level: int = 0, stderr: bool = True) -> None:
    """Show what netproto logs on stderr, as Caffe's lines, unless it is shown already. level: 0 all, 1 warnings and errors, 2 errors only.

    stderr is as pycaffe has it: False, which is a file in /tmp there, shows nothing here.
    """
    set_level(level)
    if stderr and not everything.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(Glog())
        handler.addFilter(_of_the_first_rank)
        everything.addHandler(handler)


def _of_the_first_rank(record: logging.LogRecord) -> bool:
    """False for what each of the processes that train together says again: neither a warning nor a line of a script's own."""
    return solver_rank() == 0 or record.levelno > logging.INFO or record.name == log_of_scripts.name


def log(message: str) -> None:
    """Log a line of a script's own."""
    log_of_scripts.info("%s", message)


def set_level(level: int) -> None:
    """Log nothing below one of glog's levels."""
    everything.setLevel(LEVELS[min(max(int(level), 0), len(LEVELS) - 1)])


def obey_environment() -> None:
    """Scripts set GLOG_minloglevel before they import caffe."""
    written = os.environ.get(GLOG_LEVEL, "")
    if written.isdigit():
        set_level(int(written))
