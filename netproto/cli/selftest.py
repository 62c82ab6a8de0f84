"""Compare a GPU with the CPU: layer by layer, solver by solver, net by net."""

from __future__ import annotations

import importlib
import json
import platform
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import DeviceError
from ..ops import gpu_device
from ..ops.gpu import GpuOps
from . import selftest_checks, selftest_cudnn, selftest_graph, selftest_nets, selftest_several
from .flags import Parser, UsageError
from .selftest_checks import Check, Result

EXAMPLE = "netproto selftest --gpu --report selftest.json"

NO_GPU = 3  # the exit code


def add_flags(parser: Parser) -> None:
    parser.switch("gpu", help="test a GPU: the only test that there is")
    parser.flag("device", type=int, default=0, metavar="N", help="which GPU; default 0")
    parser.switch("fake", help="let a stand-in for CuPy run on the CPU: this tests the test, and needs the source tree and g++")
    parser.switch("tf32", help="let tensor cores round factors, and allow for it")
    parser.flag("only", default="", metavar="TEXT", help="run the checks with TEXT in their name, such as 'layer Pooling'")
    parser.flag("report", metavar="FILE", help="write all results as JSON: attach it to an issue")


def run(args: Namespace) -> int:
    """0 if all agrees, 1 if something does not, 3 where there is no GPU."""
    if not args.gpu:
        raise UsageError("selftest tests a GPU: --gpu")
    with _imported(_fake() if args.fake else {}):
        return _tested(args)


def _tested(args: Namespace) -> int:
    try:
        ops, about = _operations(args)
    except DeviceError as error:
        print(f"no GPU is tested: {error}")
        return NO_GPU
    checks = [check for check in _checks(args) if args.only in check.name]
    if not checks:
        raise UsageError(f"--only: no check has {args.only!r} in its name")
    results = {check.name: _told(check, ops) for check in checks}
    passed = sum(result.passed for result in results.values())
    print(f"{passed} of {len(results)} checks passed on {about['name']}")
    if args.report:
        Path(args.report).write_text(json.dumps(_report(about, results), indent=1) + "\n")
    return int(passed < len(results))


def _checks(args: Namespace) -> Iterator[Check]:
    yield from selftest_checks.of_layers(tf32=args.tf32)
    yield from selftest_checks.of_solvers(tf32=args.tf32)
    yield from selftest_nets.of_nets(tf32=args.tf32, small=args.fake)
    yield from selftest_cudnn.of_cudnn(tf32=args.tf32, small=args.fake)
    yield from selftest_graph.of_graphs(tf32=args.tf32, small=args.fake)
    yield from selftest_several.of_several(tf32=args.tf32)


def _told(check: Check, ops: GpuOps) -> Result:
    """The result, of which is said what is worth a line."""
    result = check.run(ops)
    if result.note or not result.passed:
        print(f"{check.name}: {result.note if result.passed else result.what()}", flush=True)
    return result


def _operations(args: Namespace) -> tuple[GpuOps, dict[str, Any]]:
    ops = gpu_device.operations(args.device, tf32=args.tf32)
    assert isinstance(ops, GpuOps)
    runtime = ops.xp.cuda.runtime
    versions = {"driver": runtime.driverGetVersion(), "runtime": runtime.runtimeGetVersion(), "cupy": ops.xp.__version__}
    return ops, {**gpu_device.describe(args.device), **versions, "tf32": args.tf32}


def _fake() -> dict[str, Any]:
    """What stands in the place of CuPy and cuDNN: the modules by name."""
    try:
        return dict(importlib.import_module("tests.gpu.fakecupy").MODULES)
    except ModuleNotFoundError:
        raise UsageError("--fake is for the source tree, which has the stand-in for CuPy: run `python -m netproto` there") from None


@contextmanager
def _imported(modules: Mapping[str, Any]) -> Iterator[None]:
    """Within it these modules are what is imported by their names."""
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _report(about: dict[str, Any], results: dict[str, Result]) -> dict[str, Any]:
    return {
        "netproto": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "gpu": about,
        "passed": sum(result.passed for result in results.values()),
        "failed": [name for name, result in results.items() if not result.passed],
        "checks": [{"name": name, **vars(result), "passed": result.passed} for name, result in results.items()],
    }
