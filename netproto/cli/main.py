"""`netproto COMMAND ...`: finds the command, runs it, and says what went wrong in one line.

Exit codes: 0 all is well; 1 an error that the message explains; 2 a command line that cannot be understood; 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType

from .. import __version__
from ..errors import NetprotoError, did_you_mean
from . import commands, threads
from .flags import Parser, UsageError

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code. argv: without the program's name."""
    argv = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in argv or os.environ.get("NETPROTO_DEBUG", "0") not in ("", "0")
    try:
        return _flushed(_run(argv))
    except SystemExit as end:  # argparse, after --help
        return end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            import traceback

            traceback.print_exc()
        print(_paint(f"netproto: error: {_one_line(error, debug)}"), file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


def _run(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "-help", "--help", "help"):
        print(commands.overview())
        return 0 if argv else 2
    if argv[0] in ("-version", "--version"):
        print(f"netproto {__version__}")
        return 0
    name, rest = _command(argv)
    command = commands.COMMANDS[name]
    with ExitStack() as stack:
        with _pointing_to_help(name):
            if command.threads:
                stack.enter_context(threads.obeyed(rest))
            module = importlib.import_module(command.module)
            args = _parser(name, module).read(rest)
        from . import logs

        stack.enter_context(logs.set_up(args, quiet=command.quiet))
        return module.run(args)


@contextmanager
def _pointing_to_help(name: str) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        said = str(error)
        raise UsageError(f"{said}{' ' if said.endswith('?') else '. '}See netproto {name} --help") from None


def _command(argv: list[str]) -> tuple[str, list[str]]:
    """The command's name and the other arguments. gflags lets flags stand before the command."""
    spelled = [a.replace("_", "-") for a in argv]
    if spelled[0] in commands.COMMANDS:
        return spelled[0], argv[1:]
    if argv[0].startswith("-"):
        for i, name in enumerate(spelled):
            if name in commands.COMMANDS:
                return name, argv[:i] + argv[i + 1 :]
        raise UsageError(f"no command in {' '.join(argv)!r}. See netproto --help")
    raise UsageError(f"unknown command {argv[0]!r}. {did_you_mean(spelled[0], commands.COMMANDS)}")


def _parser(name: str, module: ModuleType) -> Parser:
    parser = Parser(f"netproto {name}", module.__doc__ or "", module.EXAMPLE)
    module.add_flags(parser)
    if commands.COMMANDS[name].threads:
        threads.add_flags(parser)
    commands.add_common_flags(parser)
    return parser


def _flushed(code: int) -> int:
    """The code, once all output is out: a closed pipe is noticed here and not while the interpreter ends."""
    sys.stdout.flush()
    return code


def _one_line(error: Exception, debug: bool) -> str:
    if isinstance(error, (NetprotoError, UsageError)):
        text = str(error)
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif isinstance(error, MemoryError):
        text = f"out of memory: {error}. A smaller batch needs less: --batch-size"
    else:
        text = f"{type(error).__name__}: {error}. This is a fault of netproto: please report it with " + (
            "what stands above" if debug else "what NETPROTO_DEBUG=1 prints"
        )
    return " ".join(text.split("\n"))


def _paint(text: str) -> str:
    """In red on a terminal that has colours."""
    if sys.stderr.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb":
        return f"\033[31m{text}\033[0m"
    return text
