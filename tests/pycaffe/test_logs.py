"""init_log, log and GLOG_minloglevel."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest

import netproto.pycaffe as caffe
from netproto.pycaffe import logs

LINE = re.compile(r"I\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ logs\.py:\d+\] (.*)\n")


@pytest.fixture(autouse=True)
def bare() -> Iterator[logging.Logger]:
    """The logger of all that netproto says."""
    log = logs.everything
    before = log.level, log.propagate, list(log.handlers)
    log.propagate = False
    yield log
    log.propagate, log.handlers[:] = before[1:]
    log.setLevel(before[0])


def test_lines_are_caffes(bare: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    bare.handlers.clear()  # pytest's own
    caffe.init_log()
    caffe.init_log(0, True)
    caffe.log("hello %s")
    assert LINE.fullmatch(capsys.readouterr().err)[1] == "hello %s"


@pytest.mark.parametrize("arguments", [(1,), (2, True), (0, False)])
def test_what_is_not_shown(bare: logging.Logger, capsys: pytest.CaptureFixture[str], arguments: tuple) -> None:
    bare.handlers.clear()
    caffe.init_log(*arguments)
    caffe.log("hello")
    assert not capsys.readouterr().err


def test_the_level_of_the_environment(bare: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.setLevel(logging.INFO)
    for written, level in (("", logging.INFO), ("x", logging.INFO), ("2", logging.ERROR), ("7", logging.CRITICAL), ("1", logging.WARNING)):
        monkeypatch.setenv("GLOG_minloglevel", written)
        logs.obey_environment()
        assert bare.level == level
