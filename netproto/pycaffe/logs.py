"""What Caffe's log functions do, on Python's logging. Caffe: InitLog and Log of python/caffe/_caffe.cpp."""

from __future__ import annotations

import logging
import os

from ..glog import GLOG_LEVEL, LEVELS, Glog

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
        everything.addHandler(handler)


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
