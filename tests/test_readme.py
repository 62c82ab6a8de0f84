"""What README.md and the other pages say can be typed and opened can be: commands, flags, files."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import netproto
from netproto.cli import commands, main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("benchmarks/*.md")])


def command_lines(page: Path) -> list[str]:
    """What stands after `netproto` on the lines of a page's code blocks, lines that go on joined."""
    content = page.read_text("utf-8").replace("\\\n", " ")
    fenced = "".join(re.findall(r"^```\w*\n(.*?)^```$", content, re.MULTILINE | re.DOTALL))
    indented = "\n".join(re.findall(r"^ {4}(netproto .*)$", content, re.MULTILINE))
    return re.findall(r"^(?:pip install .* && )?netproto ([a-z].+)$", fenced + indented, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_command_lines_are_understood(page: Path) -> None:
    for line in command_lines(page):
        name, *rest = line.split()
        module = importlib.import_module(commands.COMMANDS[name].module)
        main._parser(name, module).read(rest)


def test_the_pages_have_command_lines() -> None:
    assert len(command_lines(ROOT / "README.md")) == 1
    assert len(command_lines(ROOT / "examples/bvlc_alexnet/README.md")) >= 10
    assert len(command_lines(ROOT / "examples/lenet/README.md")) >= 4


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        target = (page.parent / link).resolve()
        if target.is_relative_to(ROOT / "netproto"):
            target = Path(netproto.__file__).parent / target.relative_to(ROOT / "netproto")
        assert link.startswith(("http:", "https:")) or target.exists(), link


def test_the_readme_names_every_command() -> None:
    rows = re.findall(r"^\|.*", README.partition("## Commands")[2].partition("\n## ")[0], re.MULTILINE)
    assert set(re.findall(r"`([\w-]+)`", "".join(rows))) == set(commands.COMMANDS)


def test_the_readme_has_two_commands_to_set_up() -> None:
    assert re.findall(r"^pip install .*", README, re.MULTILINE) == [
        "pip install . && netproto train --solver examples/bvlc_alexnet/solver.prototxt --sample --batch-size 64 --max-iter 60",
        "pip install '.[test]' && python -m pytest -q tests",
    ]
