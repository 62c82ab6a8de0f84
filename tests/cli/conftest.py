"""Running the command line: in this process, or as a user does."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from netproto.cli.main import main

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """cli("train", "--solver", path) -> Result; in this process."""

    def run(*argv: object) -> Result:
        capfd.readouterr()
        code = main([str(a) for a in argv])
        return Result(code, *capfd.readouterr())

    return run


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Result]:
    """program("train", "--solver", path) -> Result; a process of its own, started in a temporary folder."""

    def run(*argv: object, env: dict[str, str] | None = None, timeout: float = 120) -> Result:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
        command = [sys.executable, "-m", "netproto", *map(str, argv)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=timeout)
        return Result(done.returncode, done.stdout, done.stderr)

    return run
