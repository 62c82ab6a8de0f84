"""Prototxt to messages, as protobuf's TextFormat::Parse reads it, with the place of every field.

Where Caffe refuses a file, so does this, but it says why in the user's words.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from typing import Any

from ...errors import ParseError, Place, did_you_mean
from .fields import Field, Fields, fields_of
from .lexer import Lexer
from .skip import skip_field
from .values import read_value

_CLOSERS = {"{": "}", "<": ">"}
_BULK = ("BlobProto", "Datum")  # messages whose fields are data by the million: no places are kept inside
_FILES = {"NetParameter": "a net", "SolverParameter": "a solver"}


def load(path: str | os.PathLike[str], cls: type[Any], *, unknown: list[ParseError] | None = None) -> Any:
    """Read a prototxt file as a message of the class. Raises ParseError for a file that is missing, empty, binary or wrong.

    unknown: as `parse` has it.
    """
    file = os.fspath(path)
    source = _read(file)
    message = parse(source, cls, file=file, unknown=unknown)
    if unknown:
        return message
    if all(field.name == "place" for field, _ in message.ListFields()):
        raise ParseError("the file holds no field", place=Place(file), hint="Is it the right one, and was it written to its end?")
    return message


def parse(source: str, cls: type[Any], *, file: str = "<string>", unknown: list[ParseError] | None = None) -> Any:
    """Read a text as a message of the class; `file` is what its places name. Raises ParseError.

    unknown: where it is given, the errors for fields and enum values that the message lacks are entered there, and not raised; the
    message then holds what else the text says.
    """
    message = cls()
    _Parser(Lexer(source.removeprefix("\ufeff"), file), unknown).top(message)
    return message


def _read(file: str) -> str:
    try:
        with open(file, "rb") as stream:
            content = stream.read()
    except FileNotFoundError:
        raise ParseError("no such file", place=Place(file), hint=_neighbours(file)) from None
    except IsADirectoryError:
        raise ParseError("this is a folder, a file was wanted", place=Place(file)) from None
    except (OSError, ValueError) as error:
        raise ParseError(f"cannot be read: {getattr(error, 'strerror', None) or error}", place=Place(file)) from None
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ParseError("the text is in UTF-16", place=Place(file), hint="Save the file in UTF-8")
    if b"\0" in content:
        raise ParseError("this is a binary file, a text file (prototxt) was wanted", place=Place(file))
    return content.decode("utf-8", "surrogateescape")


def _neighbours(file: str) -> str:
    folder, name = os.path.split(file)
    try:
        beside = os.listdir(folder or ".")
    except OSError:
        return f"There is no folder {folder!r}" if folder else ""
    near = did_you_mean(name, beside)
    return near if near.startswith("Did") else "Relative paths start at the working folder"


class _Parser:
    """Reads one text. `open` is the way down to the message in hand: its fields, and the offset of its brace (-1: the file)."""

    def __init__(self, lexer: Lexer, unknown: list[ParseError] | None):
        self.lexer = lexer
        self.unknown = unknown
        self.open: list[tuple[Fields, int]] = []

    def top(self, message: Any) -> None:
        """Read the whole text into the message."""
        self.message(message, fields_of(message.DESCRIPTOR.name), 0, -1, "", None)
        if self.lexer.kind != "end":
            raise self.no_field_name()

    def message(self, message: Any, fields: Fields, start: int, brace: int, path: str, places: dict[str, int] | None) -> None:
        """Read fields into the message as long as there are any. `path` is that of the message in the nearest one that has a place."""
        own_places: dict[str, int] | None = {} if fields.has_place else places
        prefix = "" if fields.has_place or not path else path + "."
        self.open.append((fields, brace))
        seen: dict[str, int] = {}
        while self.lexer.kind == "name":
            self.field(message, fields, seen, prefix, own_places)
        for name in fields.required:
            if name not in seen:
                raise self.lexer.error(f"{fields.message} lacks its field {name!r}, which must be given", at=start)
        if fields.has_place and own_places is not None:
            self.note_places(message.place, start, own_places)
        self.open.pop()

    def field(self, message: Any, fields: Fields, seen: dict[str, int], prefix: str, places: dict[str, int] | None) -> None:
        """Read one field: its name, its value or values, the separator if there is one."""
        lexer = self.lexer
        name, start = lexer.text, lexer.start
        field = fields.by_name.get(name)
        if field is None:
            self.raise_or_note(self.unknown_field(fields, name), structural=bool(self.around(name)))
            skip_field(lexer)
            return
        if name in seen and not field.repeated:
            line, column = lexer.position(seen[name])
            raise lexer.error(f"{field} is given twice; the first stands in line {line}, column {column}", hint="Keep one of them")
        seen.setdefault(name, start)
        lexer.advance()
        path = prefix + name
        if places is not None:
            places[path] = start
        if not lexer.take(":") and field.kind != "message":
            raise lexer.error(f"':' is wanted after {name!r}, got {lexer.in_hand()}")
        if not field.repeated:
            self.singular(message, field, start, path, places)
        elif lexer.text == "[":
            self.list_of(message, field, path, places)
        else:
            self.element(message, field, start, path, places)
        if lexer.text == ";" or lexer.text == ",":
            lexer.advance()

    def singular(self, message: Any, field: Field, start: int, path: str, places: dict[str, int] | None) -> None:
        """Read the value of a field that has one."""
        if field.kind == "message":
            inner = getattr(message, field.name)
            inner.SetInParent()
            self.inner(inner, field, start, path, places)
        elif (value := self.value(field)) is not None:
            setattr(message, field.name, value)

    def value(self, field: Field) -> Any:
        """Read a scalar; None for a value that an enum lacks, where such are to be passed over."""
        try:
            return read_value(self.lexer, field)
        except ParseError as error:
            self.raise_or_note(error, structural=field.kind != "enum" or self.lexer.kind not in ("name", "number", "string"))
            self.lexer.advance()
            return None

    def list_of(self, message: Any, field: Field, path: str, places: dict[str, int] | None) -> None:
        """Read `[a, b]` into a repeated field."""
        lexer, bracket = self.lexer, self.lexer.start
        lexer.advance()
        if lexer.take("]"):
            return
        while True:
            self.element(message, field, lexer.start, path, places)
            if lexer.take("]"):
                return
            if not lexer.take(","):
                line = lexer.position(bracket)[0]
                raise lexer.error(f"',' or ']' is wanted in the list of {field.name!r} that began in line {line}, got {lexer.in_hand()}")

    def element(self, message: Any, field: Field, start: int, path: str, places: dict[str, int] | None) -> None:
        """Read one value of a repeated field."""
        values = getattr(message, field.name)
        if places is not None:
            path = f"{path}[{len(values)}]"
            places[path] = start
        if field.kind == "message":
            self.inner(values.add(), field, start, path, places)
        elif (value := self.value(field)) is not None:
            values.append(value)

    def inner(self, message: Any, field: Field, start: int, path: str, places: dict[str, int] | None) -> None:
        """Read `{ ... }` or `< ... >`."""
        lexer, brace, opener = self.lexer, self.lexer.start, self.lexer.text
        if opener not in _CLOSERS:
            raise lexer.error(f"'{{' is wanted after {field.name!r}, got {lexer.in_hand()}")
        lexer.advance()
        self.message(message, fields_of(field.type_name), start, brace, path, None if field.type_name in _BULK else places)
        if lexer.text == _CLOSERS[opener]:
            lexer.advance()
        elif lexer.kind == "end":
            raise lexer.error(f"the {opener!r} of {field.name!r} is never closed", at=brace)
        elif lexer.text in _CLOSERS.values():
            line, column = lexer.position(brace)
            raise lexer.error(f"{lexer.text!r} cannot close the {opener!r} of {field.name!r} in line {line}, column {column}")
        else:
            raise self.no_field_name()

    def note_places(self, place: Any, start: int, places: dict[str, int]) -> None:
        """Write down where the message and its fields stand."""
        place.file = self.lexer.file
        place.line, place.column = self.lexer.position(start)
        for path, offset in places.items():
            line, column = self.lexer.position(offset)
            place.field.add(path=path, line=line, column=column)

    def no_field_name(self) -> ParseError:
        """The error for a token where a field should begin, or the file end."""
        lexer = self.lexer
        if lexer.text in _CLOSERS.values():
            return lexer.error(f"{lexer.text!r} closes nothing: all before it is closed already")
        if lexer.text == "[":
            return lexer.error("'[' begins an extension or Any field, and Caffe's messages have none")
        return lexer.error(f"the name of a field is wanted, got {lexer.in_hand()}")

    def raise_or_note(self, error: ParseError, *, structural: bool) -> None:
        """Raise the error, or enter it where unknown names are wanted, unless it means that what follows cannot be understood either."""
        if self.unknown is None or structural:
            raise error
        self.unknown.append(error)

    def around(self, name: str) -> list[str]:
        """The messages around the one in hand that have a field of that name."""
        return [outer.message for outer, _ in self.open[:-1] if name in outer.by_name]

    def unknown_field(self, fields: Fields, name: str) -> ParseError:
        """The error for a name that the message in hand lacks."""
        return self.lexer.error(f"{fields.message} has no field {name!r}", hint=self.unknown_field_hint(fields, name))

    def unknown_field_hint(self, fields: Fields, name: str) -> str:
        around = self.around(name)
        if around:
            line = self.lexer.position(self.open[-1][1])[0]
            return f"{around[-1]} has one: is a brace missing before it? The one of line {line} is still open"
        if len(self.open) == 1:
            others = [kind for other, kind in _FILES.items() if other != fields.message and name in fields_of(other).by_name]
            if others and fields.message in _FILES:
                return f"It belongs to {others[0]}: this is read as {_FILES[fields.message]}"
        return _nearest(name, fields) or _inside(name, fields) or "Neither BVLC Caffe nor the forks whose layers are built here have it"


def _inside(name: str, fields: Fields) -> str:
    """The messages among the fields that have the name, if they are few enough to be meant."""
    inner = [f.name for f in fields.by_name.values() if f.kind == "message" and name in fields_of(f.type_name).by_name]
    return f"It belongs inside {' or '.join(inner)}" if 0 < len(inner) <= 4 else ""


def _nearest(name: str, fields: Fields) -> str:
    """The nearest fields, judged without the `_param` that nearly all of a layer's names end with."""
    by_stem = {known.removesuffix("_param"): known for known in fields.by_name}
    near = [by_stem[stem] for stem in get_close_matches(name.removesuffix("_param"), by_stem, cutoff=0.7)]
    return f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
