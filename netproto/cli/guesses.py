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

PICTURES = {
    "AnnotatedData": "data_param",
    "Data": "data_param",
    "DenseImageData": "dense_image_data_param",
    "ImageData": "image_data_param",
    "ImageSegData": "image_data_param",
    "VideoData": "data_param",
    "WindowData": "window_data_param",
}
OBJECTS = 8
"""The numbers of an object in the labels of AnnotatedData."""
SIZES = ((3, 227, 227), (1, 28, 28), (2, 28, 28), (3, 32, 32), (3, 512, 512))
STREETS = (3, 360, 480)
"""The pictures that SegNet was made for: its nets have that size written in them."""


def unknown(net: Any) -> Iterator[tuple[Any, str]]:
    """The layers whose tops' shapes nothing tells, and why: Python layers, and readers of files that are not here, pictures excepted."""
    for layer in net.layer:
        if layer.type == "Python":
            yield layer, "a Python layer is not run here"
        elif layer.top and (missing := missing_source(layer)) and layer.type not in PICTURES:
            yield layer, f"there is no {missing!r}"


def missing_source(layer: Any) -> str:
    """The database, folder or list that a data layer reads, where it is not there; or its camera, which is left alone; else ''."""
    if layer.type == "VideoData" and not any(layer.video_data_param.HasField(name) for name in ("source", "video_file")):
        return f"camera {layer.video_data_param.device_id}"
    for field, value in layer.ListFields():
        names = field.message_type.fields_by_name if field.message_type is not None else ()
        for name in ("source", "video_file"):
            if name in names and value.HasField(name):
                path = str(getattr(value, name))
                return "" if os.path.exists(path) else path
    return ""


def pictures(net: Any) -> list[Any]:
    """The layers that read pictures from a source that is not here."""
    return [layer for layer in net.layer if layer.type in PICTURES and layer.top and missing_source(layer) and not _is_unbuilt(layer)]


def guessed(net: Any) -> list[Any]:
    """Filtered NetParameters with Input layers in the place of `pictures`, one for each guess; the net alone if there are none."""
    absent = pictures(net)
    if not absent:
        return [net]
    sizes = (*SIZES, STREETS) if any(layer.type == "DenseImageData" for layer in absent) else SIZES
    guesses = [{top: shape for layer in absent for top, shape in _top_shapes(layer, size).items()} for size in sizes]
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


def _is_unbuilt(layer: Any) -> bool:
    """Whether a layer is of a kind that is not built, and says so itself: VideoData of TSN."""
    return bool(layer.type == "VideoData" and layer.video_data_param.HasField("num_segments"))


def _is_clip_list(layer: Any) -> bool:
    return bool(layer.type == "VideoData" and layer.video_data_param.HasField("source"))


def _top_shapes(layer: Any, size: tuple[int, int, int]) -> dict[str, Shape]:
    """The shapes of a layer's pictures, and of labels that are not one number for each."""
    picture = _picture_shape(layer, size)
    found = {layer.top[0]: picture}
    if len(layer.top) > 1 and layer.type == "AnnotatedData":
        found[layer.top[1]] = (picture[0], 1, 300, 5) if layer.annotated_data_param.yolo_data_type else (1, 1, picture[0], OBJECTS)
    if len(layer.top) > 1 and layer.type in ("DenseImageData", "ImageSegData"):
        found[layer.top[1]] = (picture[0], 1, *picture[2:])
    if len(layer.top) > 2 and layer.type == "ImageSegData":
        found[layer.top[2]] = (picture[0], 1, 1, 2)
    return found


def _picture_shape(layer: Any, size: tuple[int, int, int]) -> Shape:
    """As the layer's settings say; where they do not, of the given size."""
    channels, height, width = size
    transform, source = layer.transform_param, layer.video_data_param if _is_clip_list(layer) else getattr(layer, PICTURES[layer.type])
    if transform.force_gray:
        channels = 1
    elif transform.force_color or len(transform.mean_value) == 3 or layer.type in ("WindowData", "VideoData"):
        channels = 3
    if layer.type in ("ImageData", "ImageSegData", "DenseImageData"):
        channels = 3 if source.is_color else 1
    if layer.type in ("ImageData", "ImageSegData", "DenseImageData") or _is_clip_list(layer):
        height, width = source.new_height or height, source.new_width or width
    if layer.type == "DenseImageData":
        height, width = source.crop_height or height, source.crop_width or width
    if transform.resize_param:
        height, width = transform.resize_param[0].height, transform.resize_param[0].width
    if transform.crop_size:
        height = width = transform.crop_size
    height, width = transform.crop_height or height, transform.crop_width or width
    frames = (source.new_length,) if _is_clip_list(layer) else ()
    return source.batch_size, channels, *frames, height, width
