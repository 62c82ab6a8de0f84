"""Shapes given on the command line, --input data=1,3,227,227, in the place of layers that would have to read data or run code."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterator, Mapping
from typing import Any

from ..blob import Shape
from ..errors import ModelError, did_you_mean
from ..schema.places import label, place_of
from .flags import Parser


def add_flag(parser: Parser) -> None:
    """--input, which may be given several times."""
    text = "the shape of a top; its layer is not asked then, and needs no data; may be given several times"
    parser.flag("input", type=_top_and_shape, action="append", default=[], metavar="TOP=D,D", help=text)


def _top_and_shape(text: str) -> tuple[str, Shape]:
    top, _, dims = text.rpartition("=")
    try:
        shape = tuple(int(d) for d in dims.split(",") if d)
    except ValueError:
        shape = (-1,)
    if not top or any(d < 0 for d in shape):
        raise ArgumentTypeError(f"{text!r} is not of the form TOP=D,D,..., as in data=1,3,227,227")
    return top, shape


def with_inputs(net: Any, shapes: Mapping[str, Shape]) -> Any:
    """The NetParameter with Input layers of these shapes where the tops are made. Raises ModelError for a top that no layer makes.

    Another top of such a layer that has no shape here is taken for its label: as many numbers as the first top has items.
    """
    edited = type(net)()
    edited.CopyFrom(net)
    made = {top for layer in edited.layer for top in _made_by(layer)}
    for top in shapes:
        if top not in made:
            raise ModelError(f"--input: no layer has the top {top!r}", place=place_of(net), hint=did_you_mean(top, made))
    for layer in edited.layer:
        if any(top in shapes for top in _made_by(layer)):
            _become_input(layer, shapes)
    return edited


def _made_by(layer: Any) -> Iterator[str]:
    """The tops that a layer makes, those left out that it works on in place."""
    return (top for top in layer.top if top not in layer.bottom)


def _become_input(layer: Any, shapes: Mapping[str, Shape]) -> None:
    first = shapes.get(layer.top[0])
    wanted = [shapes.get(top, first[:1] if first else None) for top in layer.top]
    if None in wanted:
        raise ModelError(
            f"--input: top {layer.top[wanted.index(None)]!r} of the same layer has no shape", place=place_of(layer), layer=label(layer)
        )
    kept = type(layer)(name=layer.name, type="Input", top=layer.top, include=layer.include, exclude=layer.exclude, place=layer.place)
    for shape in wanted:
        kept.input_param.shape.add(dim=shape)
    layer.CopyFrom(kept)
