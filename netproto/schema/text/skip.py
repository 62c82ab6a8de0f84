"""Over a field that no message has, to what follows it: its value has to be well formed, not known."""

from __future__ import annotations

from .lexer import Lexer

CLOSERS = {"{": "}", "<": ">", "[": "]"}


def skip_field(lexer: Lexer) -> None:
    """Go on behind the field whose name is in hand. Raises ParseError where no value ends it."""
    name = lexer.text
    lexer.advance()
    colon = lexer.take(":")
    if lexer.text in CLOSERS:
        _skip_brackets(lexer, name)
    elif not colon:
        raise lexer.error(f"':' or '{{' is wanted after {name!r}, got {lexer.in_hand()}")
    else:
        _skip_scalar(lexer, name)
    if lexer.text == ";" or lexer.text == ",":
        lexer.advance()


def _skip_scalar(lexer: Lexer, name: str) -> None:
    lexer.take("-")
    if lexer.kind not in ("name", "number", "string"):
        raise lexer.error(f"a value is wanted for {name!r}, got {lexer.in_hand()}")
    text = lexer.kind == "string"
    lexer.advance()
    while text and lexer.kind == "string":
        lexer.advance()


def _skip_brackets(lexer: Lexer, name: str) -> None:
    start, opener = lexer.start, lexer.text
    wanted: list[str] = []
    while True:
        if lexer.kind == "end":
            raise lexer.error(f"the {opener!r} of {name!r} is never closed", at=start)
        if lexer.text in CLOSERS:
            wanted.append(CLOSERS[lexer.text])
        elif lexer.text in CLOSERS.values() and lexer.text != wanted.pop():
            line, column = lexer.position(start)
            raise lexer.error(f"{lexer.text!r} closes nothing in the value of {name!r}, which begins in line {line}, column {column}")
        lexer.advance()
        if not wanted:
            return
