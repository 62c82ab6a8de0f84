"""Programs that take turns, A B A B: what a busy minute does to one, it does to the others."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).resolve().parent


class Worker:
    """A program that keeps a net and runs it on demand. seconds: of one iteration, one entry a turn. facts: what it said at its start."""

    def __init__(self, name: str, command: Sequence[str]):
        self.name = name
        self.seconds: list[float] = []
        self.peak_mb = 0.0
        self._iterations = 1
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE)
        self.facts: dict[str, Any] = self._hear()

    def warm_up(self, seconds: float) -> None:
        """Run it until all is made, and find out how many iterations make a turn of so many seconds."""
        self._run(2)
        self._iterations = max(1, round(seconds / self._run(1)))

    def turn(self) -> None:
        self.seconds.append(self._run(self._iterations))

    def _run(self, iterations: int) -> float:
        """Seconds of one iteration."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{iterations}\n")
        self._process.stdin.flush()
        answer = self._hear()
        self.peak_mb = answer["peak_mb"]
        return float(answer["seconds"]) / iterations

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with exit code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


def take_turns(workers: Sequence[Worker], *, rounds: int, seconds: float) -> None:
    """Give each worker a turn of about so many seconds, round after round."""
    for worker in workers:
        worker.warm_up(seconds)
    for _ in range(rounds):
        for worker in workers:
            worker.turn()
