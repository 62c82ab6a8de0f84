"""docs/parity.md names every recorded case and every layer type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netproto.layers import LAYERS
from tests.golden import replay

PAGE = Path(__file__).parents[1] / "docs" / "parity.md"


@pytest.mark.skipif(not PAGE.exists(), reason="docs/ is not beside the tests")
def test_the_page_names_every_case_and_layer_type_and_no_large_error() -> None:
    page = PAGE.read_text()
    names = [p.stem for p in (*replay.layer_cases(), *replay.data_cases())] + [p.name for p in replay.solver_cases()]
    words = set(re.findall(r"\w+", page))
    assert not set(names) - words
    assert not set(LAYERS) - words - {"Data", "ImageData"}
    layers, _, runs = page.partition("## Data layers")
    assert max(float(e) for e in re.findall(r"\d\.\de[+-]\d\d", layers)) < 1e-5
    assert max(float(e) for e in re.findall(r"\d\.\de[+-]\d\d", runs.partition("## Solvers")[2])) < 1e-4
