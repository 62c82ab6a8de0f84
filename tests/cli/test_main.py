"""The program as a whole: help, exit codes, and errors in one line."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import netproto
from netproto.cli import commands
from netproto.cli.main import main

SLOWEST_START = 0.3  # seconds, of the fastest of three


def test_help_names_every_command(program: Callable) -> None:
    result = program("--help")
    assert (result.code, result.err) == (0, "")
    for name in commands.COMMANDS:
        assert f"\n  {name} " in result.out


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_every_command_has_help_with_an_example(name: str, cli: Callable) -> None:
    result = cli(name, "--help")
    assert result.code == 0
    assert f"example:\n  netproto {name} " in result.out
    assert "--debug" in result.out


@pytest.mark.parametrize("argv", [["-m", "netproto", "--help"], ["-c", "import netproto"]])
def test_starts_fast(argv: list[str]) -> None:
    def seconds() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *argv], check=True, capture_output=True, cwd=Path(__file__).parents[2])
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < SLOWEST_START


def test_help_imports_no_array_library() -> None:
    heavy = {"numpy", "numba", "google.protobuf", "tqdm"}
    code = f"import sys; from netproto.cli.main import main; main(['--help']); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.endswith("set()\n")


def test_version(cli: Callable) -> None:
    assert cli("--version").out == f"netproto {netproto.__version__}\n"


def test_no_command_shows_the_overview(cli: Callable) -> None:
    result = cli()
    assert result.code == 2
    assert "usage: netproto COMMAND" in result.out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["trian"], "unknown command 'trian'. Did you mean 'train'"),
        (["device_qery"], "unknown command 'device_qery'. Did you mean 'device-query'?"),
        (["--solver", "x"], "no command in '--solver x'. See netproto --help"),
        (["train", "--solvr", "x"], "unknown flag '--solvr'. Did you mean '--solver'? See netproto train --help"),
        (["train"], "the following arguments are required: --solver. See netproto train --help"),
        (["train", "--solver", "x", "--max-iter", "0"], "'0' is not a whole number of at least 1"),
        (["train", "--solver", "x", "--gpu", "first"], "'first' is neither 'all' nor device numbers"),
        (["train", "--solver", "x", "--sigint-effect", "sing"], "invalid choice: 'sing'"),
        (["train", "--solver", "x", "--snapshot", "a", "--weights", "b"], "give one of them"),
        (["summary", "x", "--input", "data=1,two"], "'data=1,two' is not of the form TOP=D,D,..."),
    ],
)
def test_a_command_line_that_cannot_be_understood(argv: list[str], said: str, program: Callable) -> None:
    result = program(*argv)
    assert result.code == 2
    assert result.err.startswith("netproto: error: ")
    assert said in result.err
    assert result.err.count("\n") == 1


def test_flags_may_stand_before_the_command(cli: Callable) -> None:
    result = cli("--weights=w.npz", "test", "-model", "no.prototxt")
    assert result.code == 1
    assert "w.npz" in result.err


def test_underscores_in_a_command(cli: Callable) -> None:
    assert "netproto compute-image-mean" in cli("compute_image_mean", "--help").out


def test_a_missing_file_is_one_line(program: Callable) -> None:
    result = program("train", "--solver", "absent.prototxt")
    assert result.code == 1
    assert result.err == "netproto: error: absent.prototxt: no such file. Relative paths start at the working folder\n"


def failing(error: BaseException) -> object:
    def run(args: object) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError("at\nsea"), 1, "netproto: error: ValueError: at sea. This is a fault of netproto"),
        (OSError(28, "No space left on device", "w.npz"), 1, "netproto: error: w.npz: No space left on device\n"),
        (MemoryError("74 GB"), 1, "netproto: error: out of memory: 74 GB. A smaller batch needs less: --batch-size\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_unexpected_ends(error: BaseException, code: int, said: str, cli: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETPROTO_DEBUG", raising=False)
    monkeypatch.setattr("netproto.cli.device_query.run", failing(error))
    result = cli("device-query")
    assert result.code == code
    assert result.err.startswith(said)
    assert result.err.count("\n") == bool(said)


@pytest.mark.parametrize("how", ["--debug", "NETPROTO_DEBUG"])
def test_the_traceback_is_for_those_who_ask(how: str, cli: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netproto.cli.device_query.run", failing(ValueError("deep")))
    if how == "NETPROTO_DEBUG":
        monkeypatch.setenv(how, "1")
    result = cli("device-query", *([how] if how.startswith("--") else []))
    assert "Traceback" in result.err
    assert "what stands above" in result.err


def test_a_closed_pipe_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "netproto", "--help"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    os.close(write)
    assert done.stderr == ""


def test_main_reads_sys_argv(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["netproto", "--version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("netproto ")
