""".caffemodel: a binary NetParameter, in the current form and the two before it (V1, V0).

Read: the arrays are views of the mapped file. Written: as Net::ToProto of src/caffe/net.cpp has it, byte for byte what protobuf makes
of the same message.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import FormatError, NetprotoError, Place
from . import blobproto, files
from .weights import Weights
from .wire import LENGTH, MOST_BYTES, Reader, WireError, header, size, split, write

log = logging.getLogger(__name__)

NET_LAYERS, NET_LAYER = 2, 100
VOLUME = 5
"""The dims of every array that C3D's first release writes; no other writer of V1 layers has as many."""


@dataclass(frozen=True)
class Form:
    """The field numbers of one generation of layer messages. nested: that of the older form inside it, 0 for none."""

    name: int
    blobs: int
    nested: int = 0


LAYER, V1, V0 = Form(name=1, blobs=7), Form(name=4, blobs=6, nested=1), Form(name=1, blobs=50)
FORMS = {NET_LAYER: LAYER, NET_LAYERS: V1}


def load(path: str) -> Weights:
    """The weights of a .caffemodel, and its net. Raises FormatError with the byte where a file is broken."""
    buffer = files.view(path)
    weights = Weights(source=path, message=partial(net, path))
    reader, forms = Reader(buffer), set()
    try:
        while reader.more():
            number, wire = reader.tag()
            if number in FORMS and wire == LENGTH:
                _read_layer(reader.inner(), FORMS[number], weights)
                forms.add(number)
            else:
                reader.skip(wire)
    except WireError as error:
        raise _broken(path, error) from error
    if not forms:
        raise FormatError("holds no layers, so it is no .caffemodel", place=Place(path), hint="Is it a .solverstate or a mean file?")
    if NET_LAYERS in forms and any(array.ndim == VOLUME for _, _, array in weights.arrays()):
        return Weights(weights, source=path, message=partial(_net_of_c3d, path))
    return weights


def net(path: str) -> Any:
    """The file's NetParameter in today's form, without its arrays. A warning names a field that is known to a fork of Caffe alone."""
    from google.protobuf.message import DecodeError

    from ..schema import messages, upgrade

    try:
        message = messages.NetParameter.FromString(_without_blobs(Reader(files.view(path)), frozenset(), FORMS))
        _warn_of_strangers(path, message)
        return upgrade.net(message)
    except (WireError, DecodeError, NetprotoError, UnicodeError) as error:
        raise _broken(path, error) from error


def _net_of_c3d(path: str) -> None:
    """No net: its layer types and fields have other numbers than Caffe's."""
    log.warning("%s is of C3D's first release, which has numbers of its own for layer types and fields: its net is left out", path)


def save(path: str, weights: Weights) -> None:
    """Write the weights with the layers of their net; layers that the net does not know get a message with a name alone."""
    pieces = _net_pieces(weights, path)
    if size(pieces) > MOST_BYTES:
        raise FormatError(
            f"would have {size(pieces):,} bytes, but a protobuf file holds at most {MOST_BYTES:,}",
            place=Place(path),
            hint="Write .npz, .h5 or .safetensors (snapshot_format: HDF5)",
        )
    with files.writing(path) as file:
        write(file, pieces)


def _warn_of_strangers(path: str, message: Any) -> None:
    for layer in (*message.layer, *message.layers):
        found = sorted(set(_strangers(layer)))
        if found:
            numbers = ", ".join(f"{number} of {kind}" for kind, number in found)
            log.warning(
                "%s: layer %r of its net has fields that are not known by their numbers: %s. They are left out", path, layer.name, numbers
            )
            return


def _strangers(message: Any) -> Iterator[tuple[str, int]]:
    """(message, number) of each field, here and further inside, that the schema does not have."""
    from google.protobuf.unknown_fields import UnknownFieldSet

    unknown = UnknownFieldSet(message)
    yield from ((message.DESCRIPTOR.name, unknown[i].field_number) for i in range(len(unknown)))
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in (value,) if hasattr(value, "ListFields") else value:
                yield from _strangers(inner)


def _broken(path: str, error: Exception) -> FormatError:
    return FormatError(f"is no .caffemodel, or a broken one: {error}", place=Place(path), hint="Was it copied or downloaded to its end?")


def _read_layer(reader: Reader, form: Form, weights: Weights) -> None:
    name, arrays = _layer_fields(reader, form, weights)
    if arrays:
        weights[name] = arrays


def _layer_fields(reader: Reader, form: Form, weights: Weights) -> tuple[str, list[Any]]:
    name = ""
    arrays: list[Any] = []
    while reader.more():
        number, wire = reader.tag()
        if number == form.name and wire == LENGTH:
            name = reader.text()
        elif number == form.blobs and wire == LENGTH:
            arrays.append(blobproto.read(reader.inner()))
        elif number == form.nested and wire == LENGTH:
            _read_layer(reader.inner(), V0, weights)
        else:
            reader.skip(wire)
    return name, arrays


def _without_blobs(reader: Reader, dropped: frozenset[int], inside: dict[int, Form]) -> bytes:
    """The message's bytes without the fields `dropped`, here and in the layers `inside`."""
    out = []
    while reader.more():
        start = reader.pos
        number, wire = reader.tag()
        if number in inside and wire == LENGTH:
            form = inside[number]
            body = _without_blobs(reader.inner(), frozenset({form.blobs}), {form.nested: V0} if form.nested else {})
            out.append(header(number, LENGTH, len(body)) + body)
            continue
        reader.skip(wire)
        if number not in dropped:
            out.append(bytes(reader.buffer[start : reader.pos]))
    return b"".join(out)


def _net_pieces(weights: Weights, path: str) -> list[Any]:
    from ..schema import messages

    message = weights.message()
    layers = list(message.layer) if message is not None else []
    known = {layer.name for layer in layers}
    layers += [messages.LayerParameter(name=name) for name in weights if name not in known]
    pieces: list[Any] = [messages.NetParameter(name=message.name).SerializeToString()] if message is not None and message.name else []
    for layer in layers:
        body = _layer_pieces(layer, weights, path)
        pieces += [header(NET_LAYER, LENGTH, size(body)), *body]
    return pieces


def _layer_pieces(layer: Any, weights: Weights, path: str) -> list[Any]:
    from ..schema import messages

    bare = messages.without_places(layer)
    bare.ClearField("blobs")
    low, high = split(bare.SerializeToString(), lambda number: number < LAYER.blobs)
    pieces: list[Any] = [low]
    for index, array in enumerate(weights.get(layer.name, [])):
        if array is None:
            raise FormatError(
                f"blob {index} of layer {layer.name!r} is shared with another layer, and {weights.source or 'its source'} does not hold it",
                place=Place(path),
                hint="Load the weights into their net, and save the net",
            )
        pieces += blobproto.field(LAYER.blobs, array)
    return [*pieces, high]
