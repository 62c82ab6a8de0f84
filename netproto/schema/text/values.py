"""Scalar values: from the token in hand to what a field holds, or a ParseError that says what came and what was wanted."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from ...errors import ParseError, did_you_mean
from .fields import Field, enum_values
from .lexer import Lexer

_RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
}
_TRUTHS = {"true": True, "True": True, "t": True, "1": True, "false": False, "False": False, "f": False, "0": False}
_NO_NUMBERS = {"inf": math.inf, "infinity": math.inf, "nan": math.nan}

_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_LETTERS = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "?": 63, "'": 39, '"': 34}


def read_value(lexer: Lexer, field: Field) -> Any:
    """The value in hand, for this field, which is no message. Goes on behind it."""
    return _READERS[field.kind](lexer, field)


def _integer(lexer: Lexer, field: Field) -> int:
    start, lower_upper = lexer.start, _RANGES[field.kind]
    negative = lexer.take("-")
    number = _whole(lexer.text) if lexer.kind == "number" else None
    if number is None:
        raise _mismatch(lexer, field, start, negative)
    value = -number if negative else number
    if not lower_upper[0] <= value <= lower_upper[1]:
        raise _mismatch(lexer, field, start, negative)
    lexer.advance()
    return value


def _float(lexer: Lexer, field: Field) -> float:
    start = lexer.start
    negative = lexer.take("-")
    value: float | None = None
    if lexer.kind == "name":
        value = _NO_NUMBERS.get(lexer.text.lower())
    elif lexer.kind == "number":
        if _is_hex_or_octal(lexer.text):
            raise lexer.error(f"{field} wants a decimal number, got {lexer.in_hand()}", at=start)
        value = float(lexer.text.rstrip("fF"))
    if value is None:
        raise _mismatch(lexer, field, start, negative)
    lexer.advance()
    return -value if negative else value


def _bool(lexer: Lexer, field: Field) -> bool:
    if lexer.kind == "name":
        value = _TRUTHS.get(lexer.text)
    else:
        number = _whole(lexer.text) if lexer.kind == "number" else None
        value = bool(number) if number in (0, 1) else None
    if value is None:
        raise _mismatch(lexer, field, lexer.start)
    lexer.advance()
    return value


def _enum(lexer: Lexer, field: Field) -> int:
    values, start = enum_values(field.type_name), lexer.start
    negative = lexer.take("-")
    value: int | None = None
    if lexer.kind == "name" and not negative:
        value = values.get(lexer.text)
    elif lexer.kind == "number":
        number = _whole(lexer.text)
        value = number if not negative and number in values.values() else None
    if value is None:
        raise _unknown_enum_value(lexer, field, values, start, negative)
    lexer.advance()
    return value


def _string(lexer: Lexer, field: Field) -> str:
    start = lexer.start
    value = _bytes(lexer, field)
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise lexer.error(f"{field}: the string is not UTF-8", at=start, hint="Save the file in UTF-8") from None


def _bytes(lexer: Lexer, field: Field) -> bytes:
    if lexer.kind != "string":
        raise _mismatch(lexer, field, lexer.start)
    value = b""
    while lexer.kind == "string":
        value += _unescaped(lexer)
        lexer.advance()
    return value


_READERS: dict[str, Callable[[Lexer, Field], Any]] = {
    "int32": _integer,
    "int64": _integer,
    "uint32": _integer,
    "float": _float,
    "double": _float,
    "bool": _bool,
    "enum": _enum,
    "string": _string,
    "bytes": _bytes,
}


def _is_hex_or_octal(text: str) -> bool:
    return len(text) > 1 and text[0] == "0" and (text[1] in "xX" or text.isdigit())


def _whole(text: str) -> int | None:
    """The number a token stands for if it is a whole one: decimal, 0x1f or 017."""
    try:
        if text[:2] in ("0x", "0X"):
            return int(text, 16)
        return int(text, 8 if _is_hex_or_octal(text) else 10)
    except ValueError:
        return None


def _unescaped(lexer: Lexer) -> bytes:
    """The bytes of the string in hand."""
    inside = lexer.text[1:-1]
    if "\\" not in inside:
        return inside.encode("utf-8", "surrogateescape")
    parts, end = [], 0
    for match in _ESCAPE.finditer(inside):
        parts += [inside[end : match.start()].encode("utf-8", "surrogateescape"), _escaped(lexer, match)]
        end = match.end()
    return b"".join([*parts, inside[end:].encode("utf-8", "surrogateescape")])


def _escaped(lexer: Lexer, match: re.Match[str]) -> bytes:
    octal, hexadecimal, short, long, letter = match.groups()
    if octal:
        number = int(octal, 8)
    elif hexadecimal:
        number = int(hexadecimal, 16)
    elif letter:
        number = _LETTERS.get(letter, 256)
    else:
        return _code_point(lexer, match, int(short or long, 16))
    if number > 255:
        raise lexer.error(f"{match[0]} in a string means nothing", at=lexer.start + 1 + match.start(), hint=r"A backslash is written \\")
    return bytes([number])


def _code_point(lexer: Lexer, match: re.Match[str], number: int) -> bytes:
    try:
        return chr(number).encode("utf-8")
    except (ValueError, OverflowError):
        raise lexer.error(f"{match[0]} in a string is no character", at=lexer.start + 1 + match.start()) from None


def _mismatch(lexer: Lexer, field: Field, start: int, negative: bool = False) -> ParseError:
    got = repr("-" + lexer.text if lexer.kind in ("number", "name") else "-") if negative else lexer.in_hand()
    return lexer.error(f"{field} wants {_wanted(field)}, got {got}", at=start, hint=_mismatch_hint(lexer, field))


def _wanted(field: Field) -> str:
    if field.kind in _RANGES:
        return "a whole number from {} to {}".format(*_RANGES[field.kind])
    return {"float": "a number", "double": "a number", "bool": "true or false"}.get(field.kind, "a string in quotes")


def _mismatch_hint(lexer: Lexer, field: Field) -> str:
    if lexer.kind == "string" and field.kind not in ("string", "bytes"):
        return "Take the quotes away"
    if field.name == "type" and field.owner == "LayerParameter" and lexer.kind == "name" and lexer.text.isupper():
        return 'Types in capitals belong to `layers { }`; `layer { }` has them as strings, like "Convolution"'
    if lexer.kind == "name" and field.kind in ("string", "bytes"):
        return f'Put it in quotes: "{lexer.text}"'
    return ""


def _unknown_enum_value(lexer: Lexer, field: Field, values: dict[str, int], start: int, negative: bool) -> ParseError:
    if lexer.kind not in ("name", "string", "number"):
        return lexer.error(f"{field} wants one of {', '.join(values)}, got {lexer.in_hand()}", at=start)
    written = lexer.text.strip("\"'")
    if lexer.kind == "string" and field.owner == "V1LayerParameter":
        hint = "Types in quotes belong to `layer { }`; `layers { }` has them in capitals, like CONVOLUTION"
    elif lexer.kind == "string" and written in values:
        hint = f"Take the quotes away: {written}"
    else:
        hint = did_you_mean(written, values)
    return lexer.error(f"{field} has no value {'-' if negative else ''}{written}", at=start, hint=hint)
