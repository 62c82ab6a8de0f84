"""Logs to tables."""

import csv
from collections.abc import Callable
from datetime import date
from math import isnan
from pathlib import Path

import pytest

from netproto.cli import logfile

from . import logs


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], logfile.Log]:
    def read(text: str) -> logfile.Log:
        path = tmp_path / "train.log"
        path.write_text(text)
        return logfile.read(str(path))

    return read


def short(rows: list[logfile.Row]) -> list[tuple]:
    return [(row.iteration, row.rate, *row.values.items()) for row in rows]


def test_a_log_of_today(read: Callable) -> None:
    log = read(logs.NEW)
    assert short(log.train) == [(0, 0.01, ("loss", 2.75)), (20, 0.01, ("loss", 1.25)), (40, 0.001, ("loss", 1e-05))]
    assert short(log.test) == [(0, 0.01, ("accuracy", 0.125), ("loss", 2.5)), (40, 0.001, ("accuracy", 0.5), ("loss", 1.0625))]
    assert [row.seconds for row in log.train] == pytest.approx([1.50001, 12.00001, 22.00001])


def test_a_log_of_2013_that_sees_the_new_year_in(read: Callable) -> None:
    log = read(logs.OLD)
    assert short(log.train) == [(0, 0.5, ("loss", 2.5)), (100, 0.25, ("loss", 1.5))]
    assert short(log.test) == [(0, 0.5, ("score0", 0.25), ("score1", 2.5))]
    assert [row.seconds for row in log.train] == pytest.approx([1.5, 10.0])


def test_stamps_with_a_year(read: Callable) -> None:
    text = logs.NEW.replace("I0412", "I20190412").replace("I0413", "I20200413")
    days = (date(2020, 4, 13) - date(2019, 4, 12)).days
    assert read(text).train[1].seconds == pytest.approx(12.00001 + (days - 1) * 86400)


def test_our_own_plain_lines_say_no_time(read: Callable) -> None:
    log = read("\n".join(line.partition("] ")[2] for line in logs.NEW.splitlines()) + "\n")
    assert [row.iteration for row in log.train] == [0, 20, 40]
    assert all(isnan(row.seconds) for row in log.train)


def test_two_test_nets_and_a_blob_with_two_elements(read: Callable) -> None:
    rows = read(logs.TWO_NETS).test
    assert [(row.net, row.values["accuracy"]) for row in rows] == [(0, 0.25), (1, 0.75)]
    assert rows[1].values["per_class"] == 0.5
    assert isnan(rows[1].values["per_class[1]"])
    assert list(logfile.columns(rows)) == ["accuracy", "per_class", "per_class[1]"]


def test_a_restart_and_torn_lines(read: Callable) -> None:
    log = read(logs.RESTARTED)
    assert short(log.train) == [(20, 0.5, ("loss", 4)), (40, 0.5, ("loss", 3)), (40, 0.25, ("loss", 2)), (60, 0.25, ("loss", 1))]
    assert [row.seconds for row in log.train] == [1, 2, 302, 304]


def test_a_line_that_is_being_written_is_left_out(read: Callable) -> None:
    assert read(logs.RESTARTED + "5 (* 1 = 0.125 loss)\n").train[-1].values == {"loss": 0.125}


def test_tables_as_caffe_writes_them(tmp_path: Path, program: Callable) -> None:
    (tmp_path / "my.log").write_text(logs.NEW)
    (tmp_path / "out").mkdir()
    result = program("parse-log", "my.log", "out", "--verbose")
    assert (result.code, result.err) == (0, "")
    assert result.out.split() == ["Wrote", "out/my.log.train", "Wrote", "out/my.log.test"]
    train = (tmp_path / "out/my.log.train").read_bytes().decode().split("\r\n")
    assert train == [
        "NumIters,Seconds,LearningRate,loss",
        "0.0,1.50001,0.01,2.75",
        "20.0,12.00001,0.01,1.25",
        "40.0,22.00001,0.001,1e-05",
        "",
    ]
    test = list(csv.DictReader((tmp_path / "out/my.log.test").read_text().splitlines()))
    assert test[1] == {"NumIters": "40.0", "Seconds": "21.0", "LearningRate": "0.001", "accuracy": "0.5", "loss": "1.0625"}


def test_flags(tmp_path: Path, cli: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.log").write_text(logs.TWO_NETS)
    result = cli("parse-log", "--delimiter", r"\t", "-verbose", "a.log")
    assert result.out.splitlines() == ["Not writing ./a.log.train; no lines to write", "Wrote ./a.log.test"]
    assert Path("a.log.test").read_text().splitlines()[0].split("\t") == [
        *("NumIters", "Seconds", "LearningRate", "TestNet"),
        *("accuracy", "per_class", "per_class[1]"),
    ]
    assert [line.split("\t")[3:6] for line in Path("a.log.test").read_text().splitlines()[1:]] == [["0", "0.25", ""], ["1", "0.75", "0.5"]]


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["absent.log"], 1, "absent.log: cannot be read: No such file or directory"),
        (["."], 1, ".: cannot be read: Is a directory"),
        (["empty.log"], 1, "empty.log: has no outputs of a training run in it. A solver with `display: 100`"),
        (["good.log", "absent/"], 1, "Create its folder first"),
        (["good.log", "--delimiter", "::"], 2, "'::' is not one character"),
        ([], 2, "LOGFILE"),
    ],
)
def test_what_it_refuses(argv: list[str], code: int, said: str, tmp_path: Path, cli: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.log").write_text("Iteration 20\nthis is no log\n")
    Path("good.log").write_text(logs.NEW)
    result = cli("parse-log", *argv)
    assert result.code == code
    assert said in result.err
    assert len(result.err.splitlines()) == 1
