"""The messages and enums of caffe.proto under the names that protoc gives them: `caffe_pb2.NetParameter`, `caffe_pb2.TRAIN`.

google.protobuf's text_format works on them; they live in a pool of their own, beside any other caffe.proto.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from ...schema import messages

DESCRIPTOR = messages.NetState.DESCRIPTOR.file

__all__ = ["DESCRIPTOR", *DESCRIPTOR.message_types_by_name, *DESCRIPTOR.enum_types_by_name]
for _name, _enum in DESCRIPTOR.enum_types_by_name.items():
    globals()[_name] = EnumTypeWrapper(_enum)
    globals().update({value.name: value.number for value in _enum.values})
    __all__ += _enum.values_by_name


def __getattr__(name: str) -> type[Any]:
    try:
        return getattr(messages, name)
    except AttributeError:
        raise AttributeError(f"caffe.proto has no message and no enum {name!r}") from None


def __dir__() -> list[str]:
    return sorted(__all__)
