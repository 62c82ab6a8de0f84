"""What the examples' files and pages say about themselves is so."""

from __future__ import annotations

import re

import pytest

from netproto.cli.main import main

from .test_examples import load, shapes
from .workplace import EXAMPLES, TEST, said_shapes

DEPLOYED = sorted(str(path.relative_to(EXAMPLES)) for path in EXAMPLES.glob("*/*deploy.prototxt"))


@pytest.mark.parametrize("file", DEPLOYED)
def test_the_shapes_that_the_comments_say(file: str) -> None:
    """A comment over a stage says the shape of its first top."""
    found, said = shapes(load(file), TEST), said_shapes(file)
    assert len(said) >= 6
    for shape, name in said:
        assert found[name][1:] == shape, name


def test_every_example_is_in_the_table() -> None:
    table = (EXAMPLES / "README.md").read_text()
    assert sorted(set(re.findall(r"\]\((\w+)/README\.md\)", table))) == sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == {path.parent.name for path in EXAMPLES.glob("*/README.md")}


def test_the_walk_through_alexnet_is_what_summary_prints(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it but the memory, which speaks of the machine."""
    monkeypatch.chdir(EXAMPLES.parent)
    walk = (EXAMPLES / "bvlc_alexnet" / "README.md").read_text().partition("## Layer by layer")[2].partition("\n## ")[0]
    (command,) = re.findall(r"^netproto (.*)$", walk, re.MULTILINE)
    (said,) = re.findall(r"^```text\n(.*?)\n```$", walk, re.MULTILINE | re.DOTALL)
    assert main(command.split()) == 0
    assert capsys.readouterr().out.partition("\n\nmemory")[0] == said
    named = set(re.findall(r"\w+", " ".join(re.findall(r"\*\*(.*?)\*\*", walk))))
    assert named >= {line.split()[0] for line in said.splitlines()[3:-3]} - {f"relu{i}" for i in range(2, 8)}
