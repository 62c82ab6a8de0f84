"""Pages that are made by commands are up to date."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from netproto.layers import LAYERS
from tests.golden import replay
from tests.schema.caffe_table import fork_only_rows

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="docs/ is not beside the tests")


def test_the_parity_page_names_every_case_and_layer_type_and_no_large_error() -> None:
    page = (ROOT / "docs" / "parity.md").read_text()
    names = [p.stem for p in (*replay.layer_cases(), *replay.data_cases())] + [p.name for p in replay.solver_cases()]
    words = set(re.findall(r"\w+", page))
    assert not set(names) - words
    assert not set(LAYERS) - words - {"Data", "ImageData"}, "run python tools/parity.py"
    layers, _, runs = page.partition("## Data layers")
    assert max(float(e) for e in re.findall(r"\d\.\de[+-]\d\d", layers)) < 1e-5
    assert max(float(e) for e in re.findall(r"\d\.\de[+-]\d\d", runs.partition("## Solvers")[2])) < 1e-4


def test_the_layer_reference_is_what_the_layers_say() -> None:
    spec = importlib.util.spec_from_file_location("layer_reference", ROOT / "tools" / "layer_reference.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert (ROOT / "docs" / "layers.md").read_text() == tool.page(), "run python tools/layer_reference.py"


def test_the_page_on_forks_has_every_number_of_ours() -> None:
    page = (ROOT / "docs" / "forks.md").read_text().partition("## Numbers")[2]
    told = {
        (message, *row)
        for message, table in re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", page, re.MULTILINE | re.DOTALL)
        for row in re.findall(r"^\| `(\w+)` \| (\d+) \|", table, re.MULTILINE)
    }
    assert told == {(row.message, row.field, row.number) for row in fork_only_rows() if int(row.number) > 1_000_000}


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_layers_docstring_has_its_four_facts(name: str) -> None:
    heads = re.findall(r"^(\w+):", LAYERS[name].__doc__ or "", re.MULTILINE) + re.findall(
        r"^ +(\w+):", LAYERS[name].__doc__ or "", re.MULTILINE
    )
    assert {"Shapes", "Formula", "Caffe", "Differences"} <= set(heads)
