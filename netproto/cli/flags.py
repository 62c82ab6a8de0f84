"""Flags in Caffe's spellings (gflags): -solver x, --solver=x, --max_iter, --max-iter, -nogray, --gray=false."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from ..errors import did_you_mean

TRUE, FALSE = {"true", "t", "yes", "y", "1"}, {"false", "f", "no", "n", "0"}


class UsageError(Exception):
    """A command line that cannot be understood. The program says so in one line and exits with 2."""


class Parser(argparse.ArgumentParser):
    """An argument parser that knows gflags' spellings and answers an unknown flag with the nearest known ones.

    example: a command line that a user can copy, shown at the end of --help.
    """

    def __init__(self, prog: str, description: str, example: str):
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"example:\n  {example}\n\nCaffe's spellings work too: -flag value, --flag=value, underscores for dashes.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self._valued: set[str] = set()
        self._switches: set[str] = set()
        self._leaves_rest = False
        self._last_flags: set[str] = set()

    def flag(self, name: str, **settings: Any) -> None:
        """A flag that takes a value: --NAME VALUE."""
        self._valued.add(name)
        self.add_argument(f"--{name}", **settings)

    def switch(self, name: str, *, default: bool = False, **described: Any) -> None:
        """A flag that is on or off: --NAME, --no-NAME. described: help for the one of them that changes anything."""
        self._switches.add(name)
        dest, hidden = name.replace("-", "_"), dict[str, Any](help=argparse.SUPPRESS)
        on, off = (hidden, described) if default else (described, hidden)
        self.add_argument(f"--{name}", dest=dest, action="store_true", default=default, **on)
        self.add_argument(f"--no-{name}", dest=dest, action="store_false", default=default, **off)

    def rest(self, name: str, *, after: str, **described: Any) -> None:
        """An argument that takes all that follows as it stands: from the first word that is no flag, or behind the flag `after`."""
        self._leaves_rest = True
        self._last_flags.add(after)
        self.add_argument(name, nargs="*", **described)

    def read(self, argv: Sequence[str]) -> argparse.Namespace:
        """The flags' values. Raises UsageError."""
        return self.parse_args(list(self._in_our_spelling(argv)))

    def glance(self, argv: Sequence[str]) -> argparse.Namespace:
        """The values of its flags among others that it does not know. Raises UsageError for a value that cannot be."""
        rest = iter(argv)
        found = []
        for token in rest:
            if token.startswith("-"):
                with suppress(UsageError):
                    found.append(self._one_flag(token, rest))
        return self.parse_args(found)

    def error(self, message: str) -> Any:
        raise UsageError(message)

    def _in_our_spelling(self, argv: Sequence[str]) -> Iterator[str]:
        rest = iter(argv)
        for token in rest:
            if token == "--":
                yield token
                yield from rest
            elif token in ("-h", "-help", "--help"):
                yield "--help"
            elif not token.startswith("-") or token == "-":
                yield from ("--", token, *rest) if self._leaves_rest else (token,)
            else:
                yield self._one_flag(token, rest)
                if token.lstrip("-").partition("=")[0] in self._last_flags:
                    yield from ("--", *rest)

    def _one_flag(self, token: str, rest: Iterator[str]) -> str:
        written, equals, value = token.lstrip("-").partition("=")
        name = written.replace("_", "-")
        if name in self._valued:
            return f"--{name}={value if equals else self._value_of(name, rest)}"
        off = name.removeprefix("no").removeprefix("-")
        if name in self._switches or off in self._switches:
            return _switch(name, value) if name in self._switches else f"--no-{off}"
        near = did_you_mean(name, self._valued | self._switches, prefix="--")
        raise UsageError(f"unknown flag {token!r}. {near}".strip(". "))

    def _value_of(self, name: str, rest: Iterator[str]) -> str:
        value = next(rest, None)
        if value is None or (
            value.startswith("-") and value.lstrip("-").partition("=")[0].replace("_", "-") in self._valued | self._switches
        ):
            raise UsageError(f"--{name} wants a value")
        return value


def _switch(name: str, value: str) -> str:
    if not value or value.lower() in TRUE:
        return f"--{name}"
    if value.lower() in FALSE:
        return f"--no-{name}"
    raise UsageError(f"--{name} is on or off, not {value!r}. Write --{name} or --no-{name}")


def positive(text: str) -> int:
    """A whole number above 0."""
    return _at_least(text, 1)


def natural(text: str) -> int:
    """A whole number, 0 included."""
    return _at_least(text, 0)


def positive_number(text: str) -> float:
    """A number above 0, infinity excluded."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _at_least(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return number


def names(text: str) -> list[str]:
    """Names separated by commas; none where the text is empty."""
    return [name for name in text.split(",") if name]
