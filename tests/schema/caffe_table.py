"""Caffe's schema as the tables say, and message classes made from nothing else; and the tables of what its forks add."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

HERE = Path(__file__).parent


class FieldRow(NamedTuple):
    message: str
    field: str
    number: str
    label: str
    type: str
    default: str
    packed: str


class EnumRow(NamedTuple):
    enum: str
    value: str
    number: str


def field_rows() -> list[FieldRow]:
    return [FieldRow(*row) for row in _rows("fields.tsv")]


def enum_rows() -> list[EnumRow]:
    return [EnumRow(*row) for row in _rows("enums.tsv")]


def fork_field_rows() -> list[FieldRow]:
    """The fields that stock Caffe lacks: those of its forks, then our own."""
    return [*fork_only_rows(), *(FieldRow(*row, packed="") for row in _rows("own_fields.tsv"))]


def fork_only_rows() -> list[FieldRow]:
    return [FieldRow(*row, packed="") for row in _rows("fork_fields.tsv")]


def fork_enum_rows() -> list[EnumRow]:
    return [EnumRow(*row) for table in ("fork_enums.tsv", "own_enums.tsv") for row in _rows(table)]


def caffe_file(name: str = "caffe.proto", *, forks: bool = False) -> FileDescriptorProto:
    """A proto2 file of package caffe with every message and enum of the tables; forks: of both pairs of tables."""
    file = FileDescriptorProto(name=name, package="caffe", syntax="proto2")
    scopes: dict[str, Any] = {"": file}
    for row in field_rows() + (fork_field_rows() if forks else []):
        if row.message not in scopes:
            scopes[row.message] = file.message_type.add(name=row.message)
        _add_field(scopes[row.message], row)
    enums: dict[str, Any] = {}
    for value in enum_rows() + (fork_enum_rows() if forks else []):
        outer, _, enum = value.enum.rpartition(".")
        if value.enum not in enums:
            enums[value.enum] = scopes[outer].enum_type.add(name=enum)
        enums[value.enum].value.add(name=value.value, number=int(value.number))
    return file


def caffe_class(message: str) -> type[Any]:
    """A class of that message, in a pool of its own."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(caffe_file())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe.{message}"))


def _add_field(message: Any, row: FieldRow) -> None:
    field = message.field.add(name=row.field, number=int(row.number), label=FieldDescriptorProto.Label.Value(f"LABEL_{row.label.upper()}"))
    kind, _, enum = row.type.partition(" ")
    names = FieldDescriptorProto.Type
    if f"TYPE_{kind.upper()}" in names.keys():  # noqa: SIM118 an EnumTypeWrapper is no mapping
        field.type = names.Value(f"TYPE_{kind.upper()}")
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
    if enum or field.type == FieldDescriptorProto.TYPE_MESSAGE:
        field.type_name = f".caffe.{enum or kind}"
    if row.packed:
        field.options.packed = True
    if row.default:
        field.default_value = row.default.strip("'").lower() if kind == "bool" else row.default.strip("'")


def _rows(name: str) -> list[list[str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
