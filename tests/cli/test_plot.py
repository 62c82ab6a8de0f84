"""Runs to pictures."""

import re
from argparse import Namespace
from collections.abc import Callable
from math import nan
from pathlib import Path

import pytest

from netproto.cli import plot, runs
from netproto.cli.logfile import Row

from . import logs


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("NEW", "OLD", "TWO_NETS", "RESTARTED"):
        Path(f"{name.lower()}.log").write_text(getattr(logs, name))
    return tmp_path


def chart_of(*files: str, **flags: object) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Panel -> series -> points."""
    defaults = {"show": [], "x": "iterations", "smooth": 1, "log": [], "names": [], "title": ""}
    chart = plot.chart(runs.load(files), Namespace(**{**defaults, **flags}))
    return {panel.label: {s.name + (" faint" if s.faint else ""): s.points for s in panel.series} for panel in chart.panels}


def test_a_log() -> None:
    assert chart_of("new.log") == {
        "loss": {"train loss": [(0, 2.75), (20, 1.25), (40, 1e-05)], "test loss": [(0, 2.5), (40, 1.0625)]},
        "accuracy": {"test accuracy": [(0, 0.125), (40, 0.5)]},
        "learning rate": {"lr": [(0, 0.01), (20, 0.01), (40, 0.001)]},
    }


def test_the_tables_of_a_log_are_the_same_run(cli: Callable) -> None:
    cli("parse-log", "new.log")
    assert chart_of("new.log.test", "new.log.train") == chart_of("new.log")
    cli("parse-log", "new.log", "--delimiter", ";")
    Path("x.csv").write_text(Path("new.log.train").read_text())
    assert chart_of("x.csv")["loss"] == {"train loss": [(0, 2.75), (20, 1.25), (40, 1e-05)]}


def test_several_runs() -> None:
    chart = chart_of("new.log", "restarted.log", show=["loss"])
    assert list(chart) == ["loss"]
    assert list(chart["loss"]) == ["new: train loss", "new: test loss", "restarted: train loss"]


def test_what_a_restart_has_made_void_is_left_out() -> None:
    assert chart_of("restarted.log")["loss"]["train loss"] == [(20, 4), (40, 2), (60, 1)]
    over_time = chart_of("restarted.log", x="seconds")["loss"]["train loss"]
    assert over_time == [(1, 4), (2, 3), (302, 2), (304, 1)]


def test_test_nets_have_numbers_and_a_rate_that_stays_is_not_drawn() -> None:
    chart = chart_of("two_nets.log")
    assert list(chart) == ["accuracy", "per_class", "per_class[1]"]
    assert chart["accuracy"] == {"test accuracy": [(0, 0.25)], "test accuracy (net 1)": [(0, 0.75)]}


def test_means() -> None:
    chart = chart_of("new.log", smooth=2)
    assert chart["loss"]["train loss"] == [(0, 2.75), (20, 2.0), (40, pytest.approx(0.625005))]
    assert chart["loss"]["train loss faint"] == [(0, 2.75), (20, 1.25), (40, 1e-05)]
    assert chart["loss"]["test loss"] == [(0, 2.5), (40, 1.0625)]


def test_orders_of_magnitude() -> None:
    def logarithmic(**flags: object) -> list[bool]:
        chart = plot.chart(
            runs.load(["new.log"]), Namespace(**{"show": [], "x": "iterations", "smooth": 1, "log": [], "title": "", **flags})
        )
        return [panel.log for panel in chart.panels]

    assert logarithmic() == [False, False, False], "0.01 and 0.001 are shown as they are"
    assert logarithmic(log=["loss", "lr"]) == [True, False, True]


def test_rows_of_a_run_that_was_started_three_times() -> None:
    rows = [Row(i, nan, values={"loss": float(n)}) for n, i in enumerate([0, 20, 40, 20, 40, 60, 0])]
    assert [(row.iteration, row.values["loss"]) for row in runs.without_undone(rows)] == [(0, 6)]


@pytest.mark.parametrize("picture", ["out.png", "out.svg"])
def test_as_a_user_runs_it(picture: str, program: Callable, folder: Path) -> None:
    result = program("plot", "new.log", "old.log", picture, "--names", "now,then", "--title", "Both")
    assert (result.code, result.out, result.err) == (0, f"Wrote {picture}\n", "")
    written = (folder / picture).read_bytes()
    if picture.endswith(".svg"):
        assert {"Both", "now: train loss", "then: test score0"} <= set(re.findall(r">([^<]+)</text>", written.decode()))
    else:
        assert written.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["new.log"], 2, "the last file is the picture to write, .png or .svg"),
        (["out.png"], 2, "the last file is the picture to write"),
        (["new.log", "out.png", "--names", "a,b"], 2, "--names has 2 names for 1 runs"),
        (["new.log", "out.png", "--show", "los"], 1, "the runs say nothing of 'los'. Did you mean 'loss'?"),
        (["new.log", "out.png", "--log", "map"], 1, "the runs say nothing of 'map'. Known: accuracy, loss, lr"),
        (["absent.log", "out.png"], 1, "absent.log: cannot be read: No such file or directory"),
        (["plain.log", "out.png", "--x", "seconds"], 1, "Logs without times have no seconds: --x iterations"),
        (["bad.csv", "out.png"], 1, "bad.csv:1:1: has no column NumIters. netproto parse-log makes such tables"),
        (["worse.csv", "out.png"], 1, "worse.csv:3:1: has a row that is not of numbers"),
        (["new.log", "absent/out.png"], 1, "Create its folder first"),
    ],
)
def test_what_it_refuses(argv: list[str], code: int, said: str, cli: Callable) -> None:
    Path("plain.log").write_text("Iteration 0, loss = 2\nIteration 20, loss = 1\n")
    Path("bad.csv").write_text("a,b\n1,2\n")
    Path("worse.csv").write_text("NumIters,loss\n1,2\nx,2\n")
    result = cli("plot", *argv)
    assert result.code == code
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert not list(Path().glob("out*"))
