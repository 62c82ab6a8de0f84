"""What is installed: one package, complete, that starts fast and brings what it needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import metadata, resources
from pathlib import Path
from time import perf_counter

import pytest

import netproto
from netproto.testing.nets import PICTURES, examples

HEAVY = ["numpy", "numba", "google.protobuf", "lmdb", "PIL", "h5py", "tqdm", "cupy"]
QUICK = 0.3
"""Seconds that a start may take."""


def python(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def installed() -> list[str]:
    """The files of the installed distribution; skips where it is not a copy.

    An installer writes RECORD. What it has left of its work beside the source names files too, but is no installation.
    """
    copies = [found for found in metadata.distributions(name="netproto") if found.read_text("RECORD") is not None]
    if not copies:
        pytest.skip("netproto is not installed")
    found = [file.as_posix() for file in copies[0].files or [] if "__pycache__" not in file.parts]
    if not any(name.startswith("netproto/") for name in found):
        pytest.skip("netproto is installed as a link to its source")
    return found


def test_the_distribution_is_what_ci_tests() -> None:
    """Where CI says so, the package is an installed copy and not the source beside the tests."""
    if "NETPROTO_INSTALLED" not in os.environ:
        pytest.skip("not a run of .ci/run")
    assert Path(netproto.__file__).is_relative_to(sys.prefix)
    assert installed()


def test_nothing_but_the_package_is_installed() -> None:
    tops = {name.split("/")[0] for name in installed() if not name.startswith("..")}
    assert tops == {"netproto", f"netproto-{netproto.__version__}.dist-info"}


@pytest.mark.parametrize(
    "name",
    ["py.typed", "schema/netproto.desc", "sample/train.png", "sample/test.png", "sample/LICENSE.fashion-mnist"],
)
def test_files_that_are_no_modules_come_along(name: str) -> None:
    assert resources.files("netproto").joinpath(*name.split("/")).is_file()


def test_the_example_nets_come_along() -> None:
    assert {f"netproto/examples/{name}" for name in PICTURES} <= set(installed())


def test_the_example_nets_are_found() -> None:
    """Beside the modules where netproto is an installed copy, else beside the source."""
    package = Path(netproto.__file__).parent
    assert examples() == (package if package.is_relative_to(sys.prefix) else package.parent) / "examples"


def test_the_licences_come_along() -> None:
    licences = [name for name in installed() if "/licenses/" in name]
    assert {Path(name).name for name in licences} == {"LICENSE", "LICENSE.fashion-mnist"}


def test_the_version_is_one() -> None:
    installed()
    assert metadata.version("netproto") == netproto.__version__


def test_extras_are_those_of_the_readme() -> None:
    installed()
    extras = {"cuda12x", "cuda13x", "cudnn12x", "cudnn13x", "test", "dev"}
    assert extras <= set(metadata.metadata("netproto").get_all("Provides-Extra") or [])


@pytest.mark.parametrize("code", ["import netproto", "import sys; from netproto.cli.main import main; main(['--help'])"])
def test_a_start_imports_no_heavy_library(code: str) -> None:
    done = python("-c", f"{code}\nimport sys\nprint('HEAVY', [name for name in {HEAVY} if name in sys.modules])")
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("HEAVY []")


@pytest.mark.parametrize("arguments", [("-c", "import netproto"), ("-m", "netproto", "--help")], ids=["import", "help"])
def test_a_start_is_quick(arguments: tuple[str, ...]) -> None:
    def seconds() -> float:
        start = perf_counter()
        assert python(*arguments).returncode == 0
        return perf_counter() - start

    assert min(seconds() for _ in range(5)) < QUICK


def test_the_command_and_the_module_are_the_same(tmp_path: Path) -> None:
    installed()
    command = Path(sys.executable).with_name("netproto")
    said = subprocess.run([command, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.startswith("usage: netproto")
    assert python("-m", "netproto", "--help", folder=tmp_path).stdout == said


def test_importing_prints_nothing() -> None:
    done = python("-W", "error", "-c", "import netproto.cli.train, netproto.solver, netproto.pycaffe")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_requirements_have_lower_bounds_that_are_tried() -> None:
    """tools/oldest.txt, with which CI can be run, pins what setup.py admits at least."""
    root = Path(__file__).parents[1]
    oldest = dict(re.findall(r"^([\w-]+)==([\d.]+)$", (root / "tools/oldest.txt").read_text(), re.MULTILINE))
    required = dict(re.findall(r'^        "([\w-]+)>=([\d.]+)",$', (root / "setup.py").read_text(), re.MULTILINE))
    assert len(required) == 7
    for name, bound in required.items():
        pinned = oldest[name].split(".")
        assert bound.split(".") + ["0"] * (len(pinned) - len(bound.split("."))) == pinned, name
