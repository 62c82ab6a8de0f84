"""What docs/gpu.md says in numbers is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netproto.ops import gpu_kernels
from netproto.testing.nets import PICTURES

from .test_budget import LAUNCHES

PAGE = Path(__file__).parents[2] / "docs" / "gpu.md"
GENERATIONS = re.compile(r"sm ([\d, ]+) \|")
NETS = {"LeNet": "lenet", "AlexNet": "bvlc_alexnet", "VGG16": "vgg16", "GoogLeNet": "googlenet"}
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="docs/ is not beside the tests")


def test_how_many_kernels_there_are() -> None:
    """Where it is not: run python tools/compile_kernels.py and write down what it says."""
    page = PAGE.read_text()
    kernels, compiled = re.findall(r"(\d+) kernels, (\d+) compiled", page)[0]
    assert int(kernels) == len(gpu_kernels.declarations())
    assert int(compiled) == int(kernels) * len(GENERATIONS.findall(page)[0].split(","))


def test_how_many_launches_the_nets_take() -> None:
    page = PAGE.read_text()
    told = {name: int(count) for count, name in re.findall(r"(\d+) (?:launches )?for (\w+)", page) if name in NETS}
    assert told == {name: next(LAUNCHES[net] for net in LAUNCHES if net.startswith(f"{folder}/")) for name, folder in NETS.items()}


def test_how_many_nets_there_are() -> None:
    assert re.findall(r"all (\d+) training nets of the examples", PAGE.read_text()) == [str(len(PICTURES))]
