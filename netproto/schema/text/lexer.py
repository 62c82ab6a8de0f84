"""From characters to tokens, each with its place.

The tokens are those of protobuf's text format (google/protobuf/io/tokenizer.h).
"""

from __future__ import annotations

import re
from bisect import bisect_right

from ...errors import ParseError, Place

_TOKEN = re.compile(
    r"""
    (?: [ \t\r\n\v\f]++ | \#[^\n]*+ )*+
    (?: (?P<name> [A-Za-z_][A-Za-z0-9_]*+ )
      | (?P<number> 0[xX][0-9A-Fa-f]++ | (?: [0-9]++ (?: \.[0-9]*+ )? | \.[0-9]++ ) (?: [eE][+-]?[0-9]++ )? [fF]? )
      | (?P<string> "(?: [^"\\\n] | \\[^\n] )*+" | '(?: [^'\\\n] | \\[^\n] )*+' )
      | (?P<symbol> [][{}<>:;,/.-] )
      | (?P<end> \Z )
      | (?P<wrong> . )
    )""",
    re.VERBOSE | re.DOTALL,
)

_RUN_ON = re.compile(r"[A-Za-z_0-9.]{1,20}")
_ZERO_FIRST = re.compile("0[0-9]")
_OCTAL = re.compile("[0-7]+")

_NOT_PROTOTXT = (
    (re.compile(r"<!doctype|<html|<\?xml", re.IGNORECASE), "This is a web page: get the file itself, with the site's link to the raw file"),
    (re.compile(r"<{7}|={7}|>{7}"), "This is a mark that git left where two versions conflict: choose one of them"),
    (re.compile(r"\$\{|\{\{|\{%|%\(|@@"), "This looks like a template: fill it in first"),
    (re.compile(r"version https://git-lfs"), "This is a pointer of git LFS: get the file itself with `git lfs pull`"),
)


class Lexer:
    """The token in hand, and the means to go on to the next.

    kind: "name", "number", "string", "symbol" or "end"; text: as written; start: its offset.
    """

    def __init__(self, source: str, file: str):
        self.source = source
        self.file = file
        self.kind = ""
        self.text = ""
        self.start = 0
        self._next = 0
        self._lines: list[int] = []
        self.advance()

    def advance(self) -> None:
        """Take the next token in hand."""
        match = _TOKEN.match(self.source, self._next)
        assert match is not None  # the group `wrong` takes whatever no other does
        self.kind = match.lastgroup or "end"
        self.text = match[self.kind]
        self.start = match.start(self.kind)
        self._next = match.end()
        if self.kind == "wrong":
            raise self._wrong_character()
        if self.kind == "number":
            self._check_number_ends()

    def take(self, symbol: str) -> bool:
        """Go on if this symbol is in hand."""
        if self.text != symbol:
            return False
        self.advance()
        return True

    def place(self, offset: int) -> Place:
        """The place of an offset."""
        return Place(self.file, *self.position(offset))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        if not self._lines:
            self._lines = [0, *(match.end() for match in re.finditer("\n", self.source))]
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def error(self, what: str, *, at: int | None = None, hint: str = "") -> ParseError:
        """A ParseError at the token in hand, or at an offset."""
        offset = self.start if at is None else at
        return ParseError(what, place=self.place(offset), hint=self._no_prototxt_hint(offset) or hint)

    def in_hand(self) -> str:
        """The token in hand, in words."""
        if self.kind == "end":
            return "the end of the file"
        shown = self.text if len(self.text) <= 40 else self.text[:37] + "..."
        return f"the string {shown}" if self.kind == "string" else repr(shown)

    def _no_prototxt_hint(self, offset: int) -> str:
        """What is likely to be wrong with the whole file or line, judged by where parsing stopped."""
        line_start = self.source.rfind("\n", 0, offset) + 1
        starts = (offset, max(offset - 1, 0), line_start)
        return next((hint for pattern, hint in _NOT_PROTOTXT if any(pattern.match(self.source, start) for start in starts)), "")

    def _wrong_character(self) -> ParseError:
        if self.text in "\"'":
            return self.error(f"a string begins with {self.text} and does not end on its line")
        if self.text < " " or "\udc80" <= self.text <= "\udcff":
            return self.error(f"the byte 0x{ord(self.text) & 0xFF:02x} is no text", hint="Is this a binary file?")
        return self.error(f"the character {self.text!r} means nothing here", hint="A string is written in quotes, a comment after #")

    def _check_number_ends(self) -> None:
        behind = _RUN_ON.match(self.source, self._next)
        if behind:
            raise self.error(f"{self.text + behind[0]!r} is not a number", hint="A space is wanted between a number and a name")
        if _ZERO_FIRST.match(self.text) and not _OCTAL.fullmatch(self.text):
            raise self.error(f"{self.text!r} is not a number: one that begins with 0 is octal")
