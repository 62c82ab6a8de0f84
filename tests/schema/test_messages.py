"""The schema is Caffe's, the descriptor file is fresh, and the classes live apart from other schemas."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

from netproto.schema import messages

from .caffe_table import caffe_class, caffe_file, enum_rows, field_rows, fork_enum_rows, fork_field_rows

ROOT = Path(__file__).parents[2]
OURS = {"SourcePlace", "FieldPlace"}
VALUES = {"string": "näme", "bytes": b"\x00\xff", "bool": True, "float": 0.25, "double": 1e-300}


def compile_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compile_schema", ROOT / "proto" / "compile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def normalised(file: FileDescriptorProto) -> dict[str, dict[str, Any]]:
    """Messages and enums by full name, their fields and values by name: neither order nor the spelling of a default matters."""
    found: dict[str, dict[str, Any]] = {enum.name: {v.name: v.number for v in enum.value} for enum in file.enum_type}
    for message in file.message_type:
        found[message.name] = {field.name: facts(field, file.package) for field in message.field}
        for enum in message.enum_type:
            found[f"{message.name}.{enum.name}"] = {v.name: v.number for v in enum.value}
    return found


def facts(field: FieldDescriptorProto, package: str) -> tuple[Any, ...]:
    default: Any = field.default_value if field.HasField("default_value") else None
    if default is not None and field.type in (FieldDescriptorProto.TYPE_FLOAT, FieldDescriptorProto.TYPE_DOUBLE):
        default = float(default)
    return field.number, field.label, field.type, field.type_name.removeprefix(f".{package}."), default, field.options.packed


def test_descriptor_file_is_fresh() -> None:
    assert normalised(messages.file_descriptor()) == normalised(compile_script().compiled())


def test_every_message_field_and_enum_is_caffes_or_a_forks() -> None:
    ours = normalised(messages.file_descriptor())
    caffes = normalised(caffe_file(forks=True))
    assert len(field_rows()) == 423
    assert len(enum_rows()) == 111
    for name in OURS:
        del ours[name]
    for name in ("NetParameter", "LayerParameter", "V1LayerParameter", "SolverParameter"):
        assert ours[name].pop("place")[0] == 536870911
    assert {name: ours[name] for name in caffes} == caffes
    assert set(ours) == set(caffes)


def test_what_forks_add_to_caffes_messages_takes_none_of_caffes_names_and_numbers() -> None:
    names, numbers = {(row.message, row.field) for row in field_rows()}, {(row.message, row.number) for row in field_rows()}
    added = [row for row in fork_field_rows() if row.message in {message for message, _ in names}]
    assert not names & {(row.message, row.field) for row in added}
    assert not numbers & {(row.message, row.number) for row in added}
    values, enums = {(row.enum, row.number) for row in enum_rows()}, {row.enum for row in enum_rows()}
    more = [row for row in fork_enum_rows() if row.enum in enums]
    assert {"PRE_FIXED", "IMAGE_SEG_DATA"} <= {row.value for row in more}
    assert not values & {(row.enum, row.number) for row in more}


@pytest.mark.parametrize("name", sorted({row.message for row in field_rows()}))
def test_wire_format_is_caffes_both_ways(name: str) -> None:
    theirs = fill(caffe_class(name)())
    ours = getattr(messages, name).FromString(theirs.SerializeToString(deterministic=True))
    assert len(ours.ListFields()) == len(theirs.ListFields()) == len(theirs.DESCRIPTOR.fields)
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)


def fill(message: Any) -> Any:
    """The message with every field set, at every depth."""
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.message_type is not None:
            inner = value.add() if hasattr(value, "add") else value
            inner.SetInParent()
            fill(inner)
        elif hasattr(value, "extend"):
            value.extend([some_value(field), some_value(field)])
        else:
            setattr(message, field.name, some_value(field))
    return message


def some_value(field: Any) -> Any:
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    kinds = {FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}"): value for kind, value in VALUES.items()}
    return kinds.get(field.type, field.number + 1)


def test_other_schemas_in_the_process_are_no_clash() -> None:
    default = descriptor_pool.Default()
    default.Add(caffe_file("caffe.proto"))
    stranger = FileDescriptorProto(name=messages.file_descriptor().name, package="netproto", syntax="proto2")
    stranger.message_type.add(name="NetParameter").field.add(name="other", number=1, type=5, label=1)
    default.Add(stranger)
    theirs = message_factory.GetMessageClass(default.FindMessageTypeByName("caffe.NetParameter"))(name="a")
    other = message_factory.GetMessageClass(default.FindMessageTypeByName("netproto.NetParameter"))(other=3)
    ours = messages.NetParameter(name="b")
    assert (theirs.name, other.other, ours.name) == ("a", 3, "b")
    assert type(ours).DESCRIPTOR.file.pool is not default


def test_a_class_is_made_once_and_unknown_names_are_attribute_errors() -> None:
    assert messages.NetParameter is messages.NetParameter
    assert {"NetParameter", "V0LayerParameter", "enum_name"} <= set(dir(messages))
    with pytest.raises(AttributeError, match="NetParametre"):
        _ = messages.NetParametre


def test_enum_name() -> None:
    assert messages.enum_name(messages.PoolingParameter(), "pool") == "MAX"
    assert messages.enum_name(messages.PoolingParameter(pool=1), "pool") == "AVE"
    assert messages.enum_name(messages.SolverParameter(), "solver_mode") == "GPU"


def test_without_places_strips_every_level_of_a_copy() -> None:
    solver = messages.SolverParameter(max_iter=5)
    for message in (
        solver,
        solver.net_param,
        solver.net_param.layer.add(name="a"),
        solver.net_param.layers.add(name="b"),
        solver.test_net_param.add().layer.add(name="c"),
    ):
        message.place.line = 7
    stripped = messages.without_places(solver)
    assert "place" not in str(stripped)
    assert stripped.net_param.layer[0].name == "a"
    assert stripped.test_net_param[0].layer[0].name == "c"
    assert solver.net_param.layer[0].place.line == 7


def test_importing_netproto_loads_no_protobuf() -> None:
    program = "import netproto, netproto.schema, sys; sys.exit('google.protobuf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
