"""The import order and the walls of docs/architecture.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import netproto

ROOT = Path(netproto.__file__).parent
ORDER = ["cli", "pycaffe", "export", "sample", "solver", "testing", "net", "layers", "caffe_name", "host_blob", "fillers", "blob"]
ORDER += ["data", "formats", "random", "ops", "schema", "registry", "glog", "errors"]
FILES = sorted(ROOT.rglob("*.py"))


def room(path: Path) -> str:
    """The room a file belongs to: the first part of its path in the package."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports(path: Path, *, typing_too: bool = False) -> set[str]:
    """The absolute names of the modules that a file imports; those for type checkers only are left out."""
    tree = ast.parse(path.read_text())
    if not typing_too:
        tree = _WithoutTypeChecking().visit(tree)
    package = ["netproto", *path.relative_to(ROOT).parts[:-1]]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} if module == "netproto" else {module}
    return found


class _WithoutTypeChecking(ast.NodeTransformer):
    def visit_If(self, node: ast.If) -> ast.If | None:
        return None if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" else node


@pytest.mark.parametrize("path", [p for p in FILES if room(p) not in ("__init__", "__main__")], ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_rooms_to_its_right(path: Path) -> None:
    mine = ORDER.index(room(path))
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "netproto" and len(parts) > 1 and parts[1] in ORDER:
            assert ORDER.index(parts[1]) >= mine, f"imports {name}"


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room(p) for p in FILES} - {"__init__", "__main__"} <= set(ORDER)


@pytest.mark.parametrize("path", [p for p in FILES if room(p) == "layers"], ids=lambda p: p.name)
def test_layers_import_no_array_library(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path, typing_too=True)} & {"numpy", "cupy", "numba"}


@pytest.mark.parametrize("path", [p for p in FILES if room(p) == "ops"], ids=lambda p: str(p.relative_to(ROOT)))
def test_ops_know_no_message(path: Path) -> None:
    assert not any(name.startswith(("netproto.schema", "google")) for name in imports(path, typing_too=True))


@pytest.mark.parametrize("path", [p for p in FILES if room(p) not in ("cli", "__main__")], ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    tree = ast.parse(path.read_text())
    calls = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
    assert not [c for c in calls if isinstance(c, ast.Name) and c.id in ("print", "input", "exit")]
    attributes = {f"{n.value.id}.{n.attr}" for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
    assert not attributes & {"sys.argv", "sys.exit", "sys.stdout", "sys.stderr", "os._exit"}
    assert "argparse" not in imports(path)


@pytest.mark.parametrize("path", [p for p in FILES if room(p) in ("layers", "net", "solver")], ids=lambda p: str(p.relative_to(ROOT)))
def test_a_backend_is_handed_down_and_not_looked_up(path: Path) -> None:
    assert not [name for name in imports(path) if name in ("netproto.ops.cpu", "netproto.ops.gpu")]


def test_no_import_circle_and_a_fast_start() -> None:
    """`import netproto` brings no heavy library."""
    assert imports(ROOT / "__init__.py") <= {"typing", "__future__"}
