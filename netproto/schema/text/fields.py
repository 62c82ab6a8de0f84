"""What the parser must know of each message, taken once from the schema."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from ..messages import file_descriptor

KINDS = {number: name.removeprefix("TYPE_").lower() for name, number in FieldDescriptorProto.Type.items()}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    kind: "message", "enum", or the scalar type's name in the proto language.
    type_name: the message or enum, by its name inside the package; '' for scalars.
    """

    name: str
    owner: str
    kind: str
    repeated: bool
    type_name: str = ""

    def __str__(self) -> str:
        return f"field {self.name!r} of {self.owner}"


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one message by name, without `place`, which no text holds."""

    message: str
    by_name: dict[str, Field]
    required: tuple[str, ...]
    has_place: bool


@cache
def fields_of(message: str) -> Fields:
    """The fields of the message of that name."""
    descriptor = next(m for m in file_descriptor().message_type if m.name == message)
    known = {f.name: _field(f, message) for f in descriptor.field}
    has_place = known.pop("place", None) is not None
    required = tuple(f.name for f in descriptor.field if f.label == FieldDescriptorProto.LABEL_REQUIRED)
    return Fields(message, known, required, has_place)


@cache
def enum_values(enum: str) -> dict[str, int]:
    """The values of an enum, by names: "PoolingParameter.PoolMethod" has MAX, AVE and STOCHASTIC."""
    outer, _, name = enum.rpartition(".")
    schema = file_descriptor()
    scope = next(m for m in schema.message_type if m.name == outer) if outer else schema
    return {value.name: value.number for e in scope.enum_type if e.name == name for value in e.value}


def _field(descriptor: Any, owner: str) -> Field:
    return Field(
        name=descriptor.name,
        owner=owner,
        kind=KINDS[descriptor.type],
        repeated=descriptor.label == FieldDescriptorProto.LABEL_REPEATED,
        type_name=descriptor.type_name.removeprefix(f".{file_descriptor().package}."),
    )
