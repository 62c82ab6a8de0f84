"""What a net's data may look like where it is not here: guesses for pictures, and which layers' shapes nothing tells."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any

from ..blob import Shape
from ..errors import ModelError, NetprotoError
from ..net.graph import Graph, build
from ..net.splits import insert_splits
from ..schema.places import label, place_of
from . import shapes

log = logging.getLogger(__name__)

PICTURES = {"Data": "data_param", "ImageData": "image_data_param", "WindowData": "window_data_param"}
SIZES = ((3, 227, 227), (1, 28, 28), (3, 32, 32), (3, 512, 512))


def unknown(net: Any) -> Iterator[tuple[Any, str]]:
    """The layers whose tops' shapes nothing tells, and why: Python layers, and readers of files that are not here, pictures excepted."""
    for layer in net.layer:
        if layer.type == "Python":
            yield layer, "a Python layer is not run here"
        elif (missing := missing_source(layer)) and layer.type not in PICTURES:
            yield layer, f"there is no {missing!r}"


def missing_source(layer: Any) -> str:
    """The database, folder or list that a data layer reads, where it is not there; else ''."""
    for field, value in layer.ListFields():
        if field.message_type is not None and "source" in field.message_type.fields_by_name and value.HasField("source"):
            return "" if os.path.exists(value.source) else str(value.source)
    return ""


def pictures(net: Any) -> list[Any]:
    """The layers that read pictures from a source that is not here."""
    return [layer for layer in net.layer if layer.type in PICTURES and layer.top and missing_source(layer)]


def guessed(net: Any) -> list[Any]:
    """Filtered NetParameters with Input layers in the place of `pictures`, one for each guess; the net alone if there are none."""
    absent = pictures(net)
    if not absent:
        return [net]
    guesses = [{layer.top[0]: _picture_shape(layer, size) for layer in absent} for size in SIZES]
    return [shapes.with_inputs(net, guess) for i, guess in enumerate(guesses) if guess not in guesses[:i]]


def fitting_graph(net: Any, phase: int, *, quiet: bool = False) -> Graph:
    """The graph of a filtered NetParameter. Where its pictures are not here, they are of the one size that fits; a warning says so.

    Raises ModelError if several do.
    """
    absent = pictures(net)
    fitting, failure = [], None
    for guess in guessed(net):
        try:
            fitting.append(build(insert_splits(guess), phase))
        except NetprotoError as error:
            failure = failure or error
    if failure and not fitting:
        raise failure
    if absent and len({_sizes(graph, absent) for graph in fitting}) > 1:
        top, missing = absent[0].top[0], missing_source(absent[0])
        raise ModelError(
            f"the size of {top!r} is not known, since there is no {missing!r}",
            place=place_of(absent[0]),
            layer=label(absent[0]),
            hint=f"Say it: --input {top}=N,C,H,W",
        )
    for layer in () if quiet else absent:
        missing, shape = missing_source(layer), fitting[0].shapes[fitting[0].blob_names.index(layer.top[0])]
        log.warning("there is no %r, so %r is taken to be %s; --input says otherwise", missing, layer.top[0], "x".join(map(str, shape)))
    return fitting[0]


def _sizes(graph: Graph, layers: Sequence[Any]) -> tuple[Shape, ...]:
    """The heights and widths of the layers' pictures."""
    return tuple(graph.shapes[graph.blob_names.index(layer.top[0])][2:] for layer in layers)


def _picture_shape(layer: Any, size: tuple[int, int, int]) -> Shape:
    """As the layer's settings say; where they do not, of the given size."""
    channels, height, width = size
    transform, source = layer.transform_param, getattr(layer, PICTURES[layer.type])
    if transform.force_gray:
        channels = 1
    elif transform.force_color or len(transform.mean_value) == 3 or layer.type == "WindowData":
        channels = 3
    if layer.type == "ImageData":
        channels = 3 if source.is_color else 1
        height, width = source.new_height or height, source.new_width or width
    if transform.crop_size:
        height = width = transform.crop_size
    return source.batch_size, channels, height, width
