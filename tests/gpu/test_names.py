"""Every name, method and keyword of CuPy in the sources is one that the pinned release has, reached by a test or not."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import netproto

from .fakecupy import names

OPS = Path(netproto.__file__).parent / "ops"
FILES = sorted([*OPS.glob("gpu*.py"), *(OPS / "reference").glob("*.py"), *(OPS.parent / "cli").glob("selftest_*.py")])
LIBRARY = {"xp": "cupy", "cupy": "cupy", "_cupy": "cupy", "cupyx": "cupyx", "_cublas": "cupy.cuda.cublas", "runtime": "cupy.cuda.runtime"}
LIBRARY |= {
    "nccl": "cupy.cuda.nccl",
    "_graph": "cupy.cuda.Graph",
    "pool": "cupy.cuda.MemoryPool",
    "_handle": "cupy.cuda.nccl.NcclCommunicator",
}
"""What the attributes and variables of these names hold."""


def place(node: ast.expr) -> str | None:
    """The module of CuPy that an expression stands for: `self.xp`, `cupy.cuda`."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    if name in LIBRARY:
        return LIBRARY[name]
    inside = place(node.value) if isinstance(node, ast.Attribute) else None
    return f"{inside}.{name}" if f"{inside}.{name}" in names.tables() else None


def problems(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (where := place(node.value)) and node.attr not in names.tables()[where]:
            yield f"line {node.lineno}: {where} has no {node.attr}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and (where := place(node.func.value)):
            takes = names.tables()[where].get(node.func.attr)
            known = {*takes["names"], *takes["keywords"]} if takes and not takes["any"] else None
            for keyword in node.keywords:
                if known is not None and keyword.arg and keyword.arg not in known:
                    yield f"line {node.lineno}: {where}.{node.func.attr} takes no {keyword.arg}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_names_are_those_of_the_pinned_release(path: Path) -> None:
    assert not list(problems(path.read_text()))


@pytest.mark.parametrize(
    "wrong",
    [
        "self.xp.matvec(a)",
        "self.xp.add(a, b, where=c)",
        "cupy.cuda.Strem()",
        "self.cupyx.pinned(3)",
        "self._cublas.gemmStrided(1)",
        "nccl.initAll()",
        "self._handle.bcast(at=1)",
    ],
)
def test_what_the_check_finds(wrong: str) -> None:
    assert len(list(problems(wrong))) == 1


def test_the_recorded_release_is_the_one_that_is_installed_by_the_extras() -> None:
    setup = Path(__file__).parents[2] / "setup.py"
    assert set(re.findall(r"cupy-cuda1[23]x\[ctk\]==(\d+)", setup.read_text())) == {names.tables()["version"].split(".")[0]}


@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy is not installed: names are checked against names.json")
def test_the_record_is_what_cupy_says(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(Path(__file__).parents[2] / "tools" / "record_cupy.py"), str(tmp_path / "names.json")], check=True)
    assert json.loads((tmp_path / "names.json").read_text()) == names.tables()
