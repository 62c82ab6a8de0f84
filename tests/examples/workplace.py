"""Where the tests of the examples run: a folder with copies of their files, and a sample of ten pictures a split in the place of data."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import pytest

from netproto.cli import nets, samples
from netproto.ops.cpu import CpuOps
from netproto.sample import cache, sheets
from netproto.schema import upgrade
from netproto.solver import Solver

EXAMPLES = Path(__file__).parents[2] / "examples"
TRAIN, TEST = 0, 1
LOG_1000 = log(1000)


@dataclass
class Trained:
    """losses: of each iteration, weighted and summed as the solver minimises them."""

    solver: Solver
    losses: list[float]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trained]:
    """workplace("lenet/solver.prototxt", iterations=3, batch=2, crop=0, rate=1) -> Trained, in a temporary folder.

    crop: in the place of the net's crop_size, where it has one. rate: times base_lr: what suits batches of hundreds is too much for few.
    The solver tests and writes nothing.
    """
    load_all = sheets.load
    monkeypatch.setattr(sheets, "load", lambda split: tuple(array[:: len(array) // 10] for array in load_all(split)))
    monkeypatch.setattr(cache, "user_cache", lambda: str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def train(solver: str, *, iterations: int, batch: int, crop: int = 0, rate: float = 1) -> Trained:
        folder = Path(solver).parent
        shutil.copytree(EXAMPLES / folder, Path("examples") / folder, dirs_exist_ok=True)
        return _trained(f"examples/{solver}", iterations, rate, lambda net: _reduced(net, batch, crop))

    return train


def _trained(path: str, iterations: int, rate: float, edit: Callable[[Any], Any]) -> Trained:
    message = upgrade.load_solver(path)
    for field in ("test_iter", "test_interval", "test_state", "snapshot", "snapshot_after_train"):
        message.ClearField(field)
    message.snapshot_after_train = False
    message.base_lr *= rate
    message = samples.in_solver(nets.edit_train_net(message, edit))
    trained = Trained(Solver(message, ops=CpuOps(), seed=1), [])
    trained.solver.on_iteration.append(lambda _, loss, rate: trained.losses.append(float(loss)))
    try:
        trained.solver.step(iterations)
    finally:
        trained.solver.close()
    return trained


def _reduced(net: Any, batch: int, crop: int) -> Any:
    net = nets.set_batch_size(net, batch)
    for layer in net.layer:
        if crop and layer.transform_param.crop_size:
            layer.transform_param.crop_size = crop
    return net


def said_shapes(file: str) -> Sequence[tuple[tuple[int, ...], str]]:
    """(shape, name of the layer below it) of each comment such as `# 96 x 55 x 55` in an example's prototxt."""
    lines = (EXAMPLES / file).read_text().splitlines()
    said = []
    for i, line in enumerate(lines):
        words = line.removeprefix("# ").split(";")[0].split(":")[0].split(",")[0].split(" x ")
        if line.startswith("# ") and all(word.isdecimal() for word in words):
            named = next(text for text in lines[i + 1 :] if "name: " in text)
            said.append((tuple(map(int, words)), named.split('name: "')[1].split('"')[0]))
    return said
