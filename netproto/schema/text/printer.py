"""Messages to prototxt, in the look of Caffe's own files."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from typing import Any

from ..messages import without_places
from .fields import Field, enum_values, fields_of

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "'": "\\'", "\\": "\\\\"}
_SPECIAL = re.compile(r"[\x00-\x1f\x7f\"'\\]")
_SPECIAL_IN_BYTES = re.compile(r"[\x00-\x1f\x7f-\xff\"'\\]")


def dump(message: Any) -> str:
    """The message as prototxt: fields by number, two spaces a level, numbers as short as they can be read back."""
    return "".join(_lines(without_places(message), ""))


def _lines(message: Any, indent: str) -> Iterator[str]:
    known = fields_of(message.DESCRIPTOR.name).by_name
    for descriptor, value in message.ListFields():
        field = known[descriptor.name]
        for element in value if field.repeated else (value,):
            if field.kind == "message":
                yield f"{indent}{field.name} {{\n"
                yield from _lines(element, indent + "  ")
                yield f"{indent}}}\n"
            else:
                yield f"{indent}{field.name}: {_scalar(element, field)}\n"


def _scalar(value: Any, field: Field) -> str:
    match field.kind:
        case "string":
            return f'"{_SPECIAL.sub(_escape, value)}"'
        case "bytes":
            return f'"{_SPECIAL_IN_BYTES.sub(_escape, value.decode("latin-1"))}"'
        case "bool":
            return "true" if value else "false"
        case "enum":
            return next(name for name, number in enum_values(field.type_name).items() if number == value)
        case "float":
            return _shortest(value, range(6, 9), "f")
        case "double":
            return _shortest(value, range(15, 17), "d")
    return str(value)


def _escape(match: re.Match[str]) -> str:
    return _NAMED.get(match[0]) or f"\\{ord(match[0]):03o}"


def _shortest(value: float, digits: range, width: str) -> str:
    """The value with as few digits as give the same number back in its own width; with one more than `digits` any does."""
    if math.isfinite(value):
        for count in digits:
            text = f"{value:.{count}g}"
            if _narrowed(float(text), width) == value:
                return text
    return f"{value:.{digits.stop}g}"


def _narrowed(value: float, width: str) -> float:
    try:
        return float(struct.unpack(width, struct.pack(width, value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)
