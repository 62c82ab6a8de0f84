"""Compare a GPU with the CPU, layer by layer, solver by solver, net by net; to be run in netproto's source tree, whose tests it uses."""

from __future__ import annotations

import importlib
import json
import platform
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import DeviceError
from ..ops import gpu_device
from ..ops.gpu import GpuOps
from ..testing.cases import CASES
from . import selftest_checks as checks
from .flags import Parser, UsageError

EXAMPLE = "netproto selftest --gpu --report selftest.json"

NO_GPU = 3  # the exit code


def add_flags(parser: Parser) -> None:
    parser.switch("gpu", help="test a GPU: the only test that there is")
    parser.flag("device", type=int, default=0, metavar="N", help="which GPU; default 0")
    parser.switch("fake", help="let a stand-in for CuPy run on the CPU: this tests the test")
    parser.switch("tf32", help="let tensor cores round factors, and allow for it")
    parser.flag("report", metavar="FILE", help="write all results as JSON: attach it to an issue")


def run(args: Namespace) -> int:
    """0 if all agrees, 1 if something does not, 3 where there is no GPU."""
    if not args.gpu:
        raise UsageError("selftest tests a GPU: --gpu")
    try:
        ops, about = _fake() if args.fake else _real(args)
    except DeviceError as error:
        print(f"no GPU is tested: {error}")
        return NO_GPU
    tolerance = checks.TF32_TOLERANCE if args.tf32 else checks.TOLERANCE
    results = []
    for result in checks.all_checks(ops, CASES, examples=_examples(), tolerance=tolerance, small=args.fake):
        results.append(result)
        if not result.passed:
            print(f"{result.name}: {result.what()}")
    failed = sum(not result.passed for result in results)
    speeds = [result.name + ": " + result.note for result in results if result.note]
    print("\n".join([*speeds, f"{len(results) - failed} checks passed, {failed} failed on {about['name']}"]))
    if args.report:
        Path(args.report).write_text(json.dumps(_report(about, results), indent=1) + "\n")
    return int(failed > 0)


def _real(args: Namespace) -> tuple[GpuOps, dict[str, Any]]:
    ops = gpu_device.operations(args.device, tf32=args.tf32)
    assert isinstance(ops, GpuOps)
    runtime = ops.xp.cuda.runtime
    versions = {"driver": runtime.driverGetVersion(), "runtime": runtime.runtimeGetVersion(), "cupy": ops.xp.__version__}
    return ops, {**gpu_device.describe(args.device), **versions}


def _fake() -> tuple[GpuOps, dict[str, Any]]:
    fake = _source_tree("tests.gpu.fakecupy")
    return GpuOps(fake.cupy, fake.cupyx), {"name": "the fake of CuPy"}


def _source_tree(module: str) -> Any:
    """A module of the tests. Raises UsageError outside the source tree."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise UsageError(f"selftest needs {module}, which is part of the source tree: run `python -m {EXAMPLE}` there") from None


def _examples() -> Path:
    return Path(__file__).parents[2] / "examples"


def _report(about: dict[str, Any], results: list[checks.Result]) -> dict[str, Any]:
    return {
        "netproto": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "gpu": about,
        "passed": sum(result.passed for result in results),
        "failed": [result.name for result in results if not result.passed],
        "checks": [vars(result) | {"passed": result.passed} for result in results],
    }
