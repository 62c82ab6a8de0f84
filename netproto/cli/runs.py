"""Training runs, from logs and from the tables that parse-log makes of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import nan

from ..errors import DataError, Place
from . import logfile
from .logfile import Row

TABLES = (".train", ".test")
ITERATION, SECONDS, RATE, NET = "NumIters", "Seconds", "LearningRate", "TestNet"
DELIMITERS = ",;\t|"


@dataclass
class Run:
    """One training: what was shown while it went on, and what its tests said."""

    name: str
    train: list[Row] = field(default_factory=list)
    test: list[Row] = field(default_factory=list)


def load(paths: Iterable[str]) -> list[Run]:
    """A run for each file; X.train and X.test, the two tables of a log X, are one. Raises DataError for what is neither log nor table."""
    runs: dict[str, Run] = {}
    for path in paths:
        base, suffix = os.path.splitext(path)
        table = suffix in TABLES or suffix == ".csv" or _is_table(path)
        key = base if suffix in TABLES else path
        run = runs.setdefault(key, Run(os.path.basename(os.path.splitext(key)[0])))
        if table:
            (run.test if suffix == ".test" else run.train).extend(read_table(path))
        else:
            log = logfile.read(path)
            run.train, run.test = log.train, log.test
    return list(runs.values())


def read_table(path: str) -> list[Row]:
    """The rows of a table with a column NumIters, such as parse-log writes; each column that is not known is an output."""
    try:
        with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
            head = file.readline()
            file.seek(0)
            delimiter = max(DELIMITERS, key=head.count)
            table = csv.DictReader(file, delimiter=delimiter, skipinitialspace=True)
            return [_row(path, table.line_num, entries) for entries in table]
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", place=Place(path)) from error
    except csv.Error as error:
        raise DataError(f"is no table: {error}", place=Place(path)) from error


def _is_table(path: str) -> bool:
    """Whether a file begins as a table does."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return ITERATION in file.readline(4096)
    except OSError:
        return False


def _row(path: str, line: int, entries: dict[str, str]) -> Row:
    if ITERATION not in entries:
        raise DataError(f"has no column {ITERATION}", place=Place(path, 1, 1), hint="netproto parse-log makes such tables")
    try:
        numbers = {name: float(text) for name, text in entries.items() if name and text}
        row = Row(int(numbers.pop(ITERATION)), numbers.pop(SECONDS, nan), int(numbers.pop(NET, 0)), numbers.pop(RATE, nan))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"has a row that is not of numbers: {error}", place=Place(path, line, 1)) from error
    row.values = numbers
    return row


def without_undone(rows: list[Row]) -> list[Row]:
    """The rows without those that a restart from an earlier iteration has made void."""
    kept: dict[int, list[Row]] = {}
    for row in rows:
        of_net = kept.setdefault(row.net, [])
        while of_net and of_net[-1].iteration >= row.iteration:
            of_net.pop()
        of_net.append(row)
    return [row for of_net in kept.values() for row in of_net]
