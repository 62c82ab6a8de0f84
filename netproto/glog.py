"""Log lines as Caffe's users' parsers read them: glog's."""

from __future__ import annotations

import logging
from datetime import datetime

SEVERITY = {logging.INFO: "I", logging.WARNING: "W", logging.ERROR: "E", logging.CRITICAL: "F"}
LEVELS = (logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)
"""glog's levels 0 to 3."""
GLOG_LEVEL = "GLOG_minloglevel"
"""The environment variable that names the lowest level to be logged."""
OTHER_RANKS = "netproto-rank-"
"""How threads are called that train along with the main one, before the rank's number."""


def of_the_first_rank(record: logging.LogRecord) -> bool:
    """False for a line of a thread that trains along: it says again what the main one says. A filter of handlers."""
    return not (record.threadName or "").startswith(OTHER_RANKS)


class Glog(logging.Formatter):
    """`I0412 13:39:22.381027 25210 solver.py:204] message`, as Caffe's parse_log.py and extract_seconds.py read it."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created)
        severity = SEVERITY.get(record.levelno, "I")
        return f"{severity}{when:%m%d %H:%M:%S.%f} {record.process:5d} {record.filename}:{record.lineno}] {record.getMessage()}"
