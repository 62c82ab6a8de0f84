"""Log lines as Caffe's own parsers read them, and as a person does."""

import argparse
import io
import logging
import re
import sys
from datetime import datetime
from pathlib import Path

import pytest

from netproto.cli import logs

CAFFES_PREFIX = re.compile(r"([IWEF])(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6}) +(\d+) (\S+\.py):(\d+)\] (.*)")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def flags(**changed: object) -> argparse.Namespace:
    return argparse.Namespace(**{"log_format": "auto", "log_dir": None, "minloglevel": None, **changed})


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "NO_COLOR", "GLOG_minloglevel", "GLOG_log_dir"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def said(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, *, quiet: bool = False, **changed: object) -> list[str]:
    """What stands in stderr after a few lines of training."""
    monkeypatch.setattr(sys, "stderr", stream)
    log = logging.getLogger("netproto.solver")
    with logs.set_up(flags(**changed), quiet=quiet):
        log.info("Iteration %d (%g iter/s, %gs/20 iters), loss = %g", 20, 3.125, 6.4, 5.25)
        log.info("    Train net output #0: loss = %g (* 1 = %g loss)", 5.25, 5.25)
        log.info("Iteration %d, lr = %g", 20, 0.01)
        log.warning("beware")
    return stream.getvalue().splitlines()


def test_to_a_file_lines_are_caffes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = datetime.now()
    lines = said(io.StringIO(), monkeypatch)
    matches = [CAFFES_PREFIX.fullmatch(line) for line in lines]
    assert all(matches)
    assert [m[1] for m in matches if m] == ["I", "I", "I", "W"]
    month, day, hour, minute, second, microsecond = (int(matches[0][i]) for i in range(2, 8))
    when = datetime(before.year, month, day, hour, minute, second, microsecond)
    assert 0 <= (when - before).total_seconds() < 5


def test_the_words_stand_where_awk_scripts_look_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = said(io.StringIO(), monkeypatch)
    assert lines[2].split()[8] == "0.01"  # parse_log.sh: `awk '{print $9}'` is the rate
    assert lines[1].split()[10] == "5.25"  # `awk '{print $11}'` is an output
    assert re.search(r"Iteration (\d+)", lines[0])[1] == "20"
    assert re.search(r"Train net output #(\d+): (\S+) = ([\.\deE+-]+)", lines[1]).groups() == ("0", "loss", "5.25")
    assert re.search(r"lr = ([-+]?[0-9]*\.?[0-9]+([eE]?[-+]?[0-9]+)?)", lines[2])[1] == "0.01"


def test_on_a_terminal_lines_are_plain_and_what_the_bar_shows_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = said(Terminal(), monkeypatch)
    assert lines == ["Iteration 20 (3.125 iter/s, 6.4s/20 iters), loss = 5.25", "\033[33mwarning:\033[0m beware"]


def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert said(Terminal(), monkeypatch)[-1] == "warning: beware"


@pytest.mark.parametrize("how", [{"CI": "true"}, {"TERM": "dumb"}])
def test_no_person_reads_these_terminals(how: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in how.items():
        monkeypatch.setenv(name, value)
    assert all(CAFFES_PREFIX.fullmatch(line) for line in said(Terminal(), monkeypatch))


def test_the_format_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(CAFFES_PREFIX.fullmatch(line) for line in said(Terminal(), monkeypatch, log_format="glog"))
    assert said(io.StringIO(), monkeypatch, log_format="plain")[2] == "Iteration 20, lr = 0.01"


def test_quiet_commands_warn_only_and_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(io.StringIO(), monkeypatch, quiet=True) == ["warning: beware"]


@pytest.mark.parametrize(("written", "lines"), [("0", 4), ("1", 1), ("2", 0), ("nonsense", 4)])
def test_glogs_level(written: str, lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLOG_minloglevel", written)
    assert len(said(io.StringIO(), monkeypatch)) == lines
    if written.isdigit():
        monkeypatch.setenv("GLOG_minloglevel", "0")
        assert len(said(io.StringIO(), monkeypatch, minloglevel=int(written))) == lines


def test_a_log_folder_gets_caffes_lines_whatever_the_screen_shows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said(Terminal(), monkeypatch, log_dir=str(tmp_path / "new"))
    (file,) = (tmp_path / "new").iterdir()
    lines = file.read_text().splitlines()
    assert len(lines) == 4
    assert all(CAFFES_PREFIX.fullmatch(line) for line in lines)


def test_nothing_stays_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    log = logging.getLogger("netproto")
    before = list(log.handlers), log.level, log.propagate
    said(io.StringIO(), monkeypatch)
    assert (list(log.handlers), log.level, log.propagate) == before
