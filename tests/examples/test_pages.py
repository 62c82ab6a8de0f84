"""What the examples' files and pages say about themselves is so."""

from __future__ import annotations

import re

import pytest

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
