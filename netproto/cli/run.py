"""Run a Python script, or with -m a module, in which `import caffe` finds netproto. What follows it are its own arguments."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import runpy
import sys
import traceback
from argparse import Namespace
from collections.abc import Iterator

from .. import pycaffe
from ..errors import NetprotoError, Place
from .flags import Parser, UsageError

EXAMPLE = "netproto run classify.py --center_only cat.jpg predictions.npy"

PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep


def add_flags(parser: Parser) -> None:
    parser.flag("m", metavar="MODULE", help="run a module as a script, as `python -m MODULE` does")
    parser.rest("script", after="m", help="the script, and its arguments")


def run(args: Namespace) -> int:
    """Run it as Python would; the exit code is the script's."""
    _check(args)
    pycaffe.install()
    before = sys.argv, list(sys.path)
    try:
        _run_module(args.m, args.script) if args.m else _run_script(args.script)
    except SystemExit as end:
        return _exit_code(end)
    except Exception as error:
        _explain(error)
        return 1
    finally:
        sys.argv, sys.path[:] = before
    return 0


def _check(args: Namespace) -> None:
    """Raise what is wrong with the command line before anything of the script runs."""
    if not args.script and not args.m:
        raise UsageError("which script? netproto run SCRIPT, or netproto run -m MODULE")
    if not args.m and not os.path.exists(args.script[0]):
        raise NetprotoError("there is no such script", place=Place(args.script[0]))
    if args.m and importlib.util.find_spec(args.m.partition(".")[0]) is None and not _beside(args.m):
        raise NetprotoError(f"there is no module {args.m!r}")


def _beside(module: str) -> bool:
    """Whether a module is in the working directory."""
    return importlib.machinery.PathFinder.find_spec(module.partition(".")[0], [os.getcwd()]) is not None


def _run_script(argv: list[str]) -> None:
    sys.argv = argv
    sys.path.insert(0, os.path.dirname(os.path.abspath(argv[0])))
    runpy.run_path(argv[0], run_name="__main__")


def _run_module(name: str, argv: list[str]) -> None:
    sys.argv = [name, *argv]
    sys.path.insert(0, os.getcwd())
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _exit_code(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


def _explain(error: Exception) -> None:
    """Print the traceback without the frames of netproto and of what started the script: what is left is the script's own."""
    shown = traceback.TracebackException.from_exception(error, compact=True)
    for part in _chain(shown):
        part.stack[:] = [frame for frame in part.stack if not frame.filename.startswith((PACKAGE, "<frozen runpy>"))]
    print("".join(shown.format()), end="", file=sys.stderr)


def _chain(shown: traceback.TracebackException | None) -> Iterator[traceback.TracebackException]:
    while shown is not None:
        yield shown
        shown = shown.__cause__ or shown.__context__
