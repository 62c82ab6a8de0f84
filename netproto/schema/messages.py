"""The message classes of proto/netproto.proto, by Caffe's names: `messages.NetParameter()`.

They come from a descriptor file that ships in the package, and live in a DescriptorPool of their own: another caffe.proto in the same
process is no clash, and no release of protobuf is tied to generated code. A class is made when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorProto

DESCRIPTOR_FILE = Path(__file__).with_name("netproto.desc")


@cache
def file_descriptor() -> FileDescriptorProto:
    """The schema as data: what protoc made of netproto.proto."""
    return FileDescriptorProto.FromString(DESCRIPTOR_FILE.read_bytes())


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file_descriptor())
    return pool


def __getattr__(name: str) -> type[Any]:
    try:
        descriptor = _pool().FindMessageTypeByName(f"{file_descriptor().package}.{name}")
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}, and the schema no message of that name") from None
    made: type[Any] = message_factory.GetMessageClass(descriptor)
    globals()[name] = made
    return made


def __dir__() -> list[str]:
    return sorted({*globals(), *(message.name for message in file_descriptor().message_type)})


def enum_name(message: Any, field: str) -> str:
    """The name of the value that an enum field has, or of its default: `enum_name(pooling_param, "pool")` is "MAX"."""
    return str(message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[getattr(message, field)].name)


def without_places(message: Any) -> Any:
    """A copy without the places in a file that parsing noted: what is written is made from this."""
    copy = type(message)()
    copy.CopyFrom(message)
    for placed in placed_messages(copy):
        placed.ClearField("place")
    return copy


def placed_messages(message: Any) -> Iterator[Any]:
    """The message and those inside it, as far as they have a field `place`."""
    if "place" not in message.DESCRIPTOR.fields_by_name:
        return
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None and "place" in field.message_type.fields_by_name:
            for inner in (value,) if hasattr(value, "ListFields") else value:
                yield from placed_messages(inner)
