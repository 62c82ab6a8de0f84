"""Text files that name other files, one a line."""

from __future__ import annotations

import os

from ..errors import DataError, Place


def read_lines(path: str, what: str) -> list[tuple[int, str]]:
    """(number, text) of a list file's lines that are not blank. what: what it lists, for messages. Raises DataError."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            lines = [(number, line.rstrip("\r\n")) for number, line in enumerate(file, 1)]
    except (OSError, ValueError) as error:
        hint = "" if os.path.isabs(path) else f"Paths are relative to {os.getcwd()}"
        raise DataError(f"cannot be read: {getattr(error, 'strerror', None) or error}", place=Place(path), hint=hint) from error
    kept = [(number, line) for number, line in lines if line.strip()]
    if not kept:
        raise DataError(f"is empty: it should list {what}", place=Place(path))
    return kept
