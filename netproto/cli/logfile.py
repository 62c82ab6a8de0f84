"""What a training log says: rows of outputs, learning rate and time. Reads Caffe's logs of any age, and ours; lines that were cut or torn
are passed over. Caffe: tools/extra/parse_log.py and extract_seconds.py."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from math import isnan, nan

from ..errors import DataError, Place

NUMBER = r"([-+]?(?:nan|inf|\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?))(?![\w.])"
STAMP = re.compile(r"^[IWEF](\d{4})?(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{1,6})")
STARTS = re.compile(r"\bSolving\b")
ITERATION = re.compile(r"\bIteration (\d+)\b")
LOSS = re.compile(rf"\bIteration \d+(?: \([^)]*\))?, loss = {NUMBER}", re.IGNORECASE)
RATE = re.compile(rf"\bIteration \d+, lr = {NUMBER}", re.IGNORECASE)
TESTING = re.compile(r"\bIteration \d+, Testing net \(#(\d+)\)")
OUTPUT = re.compile(rf"\b(Train|Test) net output #(\d+): (\S+) = {NUMBER}", re.IGNORECASE)
SCORE = re.compile(rf"\bTest score #(\d+): {NUMBER}", re.IGNORECASE)
LEAP_YEAR = 2000
"""Of logs that do not say one."""


@dataclass
class Row:
    """The outputs of a net at an iteration. seconds: since training began, NaN if the log does not say. net: which test net, from 0.

    values: by the outputs' names; the elements of a blob with several are name, name[1], name[2].
    """

    iteration: int
    seconds: float
    net: int = 0
    rate: float = nan
    values: dict[str, float] = field(default_factory=dict)


@dataclass
class Log:
    """train and test: rows in the order of the log. After a restart iterations may come again."""

    train: list[Row] = field(default_factory=list)
    test: list[Row] = field(default_factory=list)


def read(path: str) -> Log:
    """The rows of a log file. Raises DataError if it cannot be read, or is no training log."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n")
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", place=Place(path)) from error
    log = _Reader().read(lines[:-1])  # the last line is empty, or was being written
    if not log.train and not log.test:
        hint = "A solver with `display: 100` or a test_interval writes them"
        raise DataError("has no outputs of a training run in it", place=Place(path), hint=hint)
    return log


class _Reader:
    """Goes through a log line by line."""

    def __init__(self) -> None:
        self.log = Log()
        self.clock = _Clock()
        self.iteration, self.net = -1, 0
        self.seconds = nan
        self.rates: list[tuple[int, float]] = []
        """The iterations and learning rates that were said."""
        self.without_rate: list[tuple[Row, int]] = []
        """Rows whose rate is not known, and how many rates had been said before them."""
        self.restarted_at = 0
        """How many of the rates were said before the solver that writes now began."""
        self.latest: dict[str, tuple[Row, int, Counter[str]]] = {}
        """Train, Test -> the row that is being filled, the number of its last output, and how often each name was seen in it."""
        self.losses: list[Row] = []

    def read(self, lines: list[str]) -> Log:
        for line in lines:
            self._line(line)
        if not self.log.train:
            self.log.train = self.losses
        for row, said in self.without_rate:
            if isnan(row.rate) and self.rates:
                row.rate = self.rates[max(0, said - 1)][1]
        return self.log

    def _line(self, line: str) -> None:
        self.seconds = self.clock.seconds(line)
        if STARTS.search(line):
            self.restarted_at = len(self.rates)
        if found := ITERATION.search(line):
            self.iteration = int(found[1])
        if self.iteration < 0:
            return
        if found := TESTING.search(line):
            self.net = int(found[1])
            self.latest.pop("Test", None)
        elif found := RATE.search(line):
            self._rate(float(found[1]))
        elif found := LOSS.search(line):
            self.losses.append(self._row())
            self.losses[-1].values["loss"] = float(found[1])
            self.latest.pop("Train", None)
        elif found := OUTPUT.search(line):
            self._output(found[1].title(), int(found[2]), found[3], float(found[4]))
        elif found := SCORE.search(line):
            self._output("Test", int(found[1]), f"score{found[1]}", float(found[2]))

    def _rate(self, rate: float) -> None:
        """The rate is said after the outputs of its iteration, or, in old logs, before them."""
        self.rates.append((self.iteration, rate))
        for rows in (self.log.train, self.log.test, self.losses):
            for row in reversed(rows):
                if row.iteration != self.iteration or not isnan(row.rate):
                    break
                row.rate = rate

    def _row(self, net: int = 0) -> Row:
        row = Row(self.iteration, self.seconds, net)
        if len(self.rates) > self.restarted_at and self.rates[-1][0] == self.iteration:
            row.rate = self.rates[-1][1]
        else:
            self.without_rate.append((row, len(self.rates)))
        return row

    def _output(self, which: str, number: int, name: str, value: float) -> None:
        row, last, seen = self.latest.get(which, (None, -1, Counter()))
        if row is None or row.iteration != self.iteration or number <= last:
            row, seen = self._row(self.net if which == "Test" else 0), Counter()
            (self.log.test if which == "Test" else self.log.train).append(row)
        row.values[f"{name}[{seen[name]}]" if seen[name] else name] = value
        seen[name] += 1
        self.latest[which] = row, number, seen


class _Clock:
    """Seconds since a log's training began, by the stamps of its lines; where they say no year, the months tell when one ends."""

    def __init__(self) -> None:
        self.start: datetime | None = None
        self.started = False
        self.latest: datetime | None = None
        self.year = LEAP_YEAR

    def seconds(self, line: str) -> float:
        """At a line; NaN as long as no line said a time."""
        if found := STAMP.match(line):
            self._read(found)
        if STARTS.search(line) and not self.started:
            self.start, self.started = self.latest, True
        self.start = self.start or self.latest
        return (self.latest - self.start).total_seconds() if self.latest and self.start else nan

    def _read(self, found: re.Match[str]) -> None:
        month, day, hour, minute, second = (int(part) for part in found.groups()[1:6])
        if found[1] is None and self.latest and month < self.latest.month:
            self.year += 1
        with suppress(ValueError):  # torn lines may say a 40th of May
            self.latest = datetime(int(found[1] or self.year), month, day, hour, minute, second, int(found[7].ljust(6, "0")))


def columns(rows: list[Row]) -> Iterator[str]:
    """The names of the outputs, in the order in which they first appear."""
    yield from dict.fromkeys(name for row in rows for name in row.values)
