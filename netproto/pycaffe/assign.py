"""Python values into the fields of a message: dicts become messages, lists repeated fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import ModelError, did_you_mean


class AssignError(ModelError, AttributeError, TypeError):
    """A setting that a message does not have, or that cannot have such a value. Scripts of pycaffe expect a built-in exception."""


def has_field(message: Any, name: str) -> bool:
    return name in message.DESCRIPTOR.fields_by_name


def assign(message: Any, name: str, value: Any) -> None:
    """Set a field, or extend it if it is repeated. A repeated field takes a single value, too. Raises AssignError."""
    fields = message.DESCRIPTOR.fields_by_name
    kind = message.DESCRIPTOR.name
    if name not in fields:
        raise AssignError(f"{kind} has no field {name!r}", hint=did_you_mean(name, set(fields) - {"place"}))
    field = fields[name]
    try:
        if hasattr(getattr(message, name), "extend"):
            _extend(message, field, value if _is_list(value) else [value])
        elif field.message_type is not None:
            _fill(getattr(message, name), value)
        else:
            setattr(message, name, _scalar(field, value))
    except (TypeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise AssignError(f"{kind}.{name} cannot be {value!r}: {error}") from error


def _extend(message: Any, field: Any, values: Iterable[Any]) -> None:
    repeated = getattr(message, field.name)
    for value in values:
        if field.message_type is not None:
            _fill(repeated.add(), value)
        else:
            repeated.append(_scalar(field, value))


def _fill(message: Any, value: Any) -> None:
    if isinstance(value, Mapping):
        message.SetInParent()
        for name, part in value.items():
            assign(message, name, part)
    else:
        message.CopyFrom(value)


def _scalar(field: Any, value: Any) -> Any:
    """A value as protobuf takes it: an enum's name is its number, a scalar of numpy one of Python."""
    if field.enum_type is not None and isinstance(value, str):
        values = field.enum_type.values_by_name
        if value not in values:
            raise AssignError(f"{field.name} cannot be {value!r}", hint=did_you_mean(value, values))
        return values[value].number
    return value.item() if hasattr(value, "item") else value


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) > 0)
