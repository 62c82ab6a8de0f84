"""Which preprocessing a net's pictures want, and why: what flags say, else what the training net says, else Caffe's customs."""

from __future__ import annotations

import os
from argparse import ArgumentTypeError, Namespace
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..blob import Shape
from ..data import database, datum
from ..data.recipe import Recipe
from ..data.transform import NO_MEAN, Transform
from ..errors import DataError, ModelError, NetprotoError, Place
from ..formats import mean as mean_files
from ..schema import messages
from ..schema.places import label, place_of
from .flags import Parser, UsageError, positive

CUSTOM_CROPS, CUSTOM_SIZE = (224, 227), 256
"""Nets of ImageNet crop pictures of 256 x 256."""


def add_flags(parser: Parser) -> None:
    parser.flag("train-net", metavar="FILE", help="the net (prototxt) that was trained: its transform_param says the preprocessing")
    parser.flag("resize", type=_size, metavar="H,W", help="the size that pictures get before they are cropped")
    parser.flag("crop", type=positive, metavar="N", help="the side of the middle that the net sees")
    parser.flag("mean-file", metavar="FILE", help="the mean picture to subtract: .binaryproto or .npy")
    parser.flag("mean-value", type=_numbers, metavar="B,G,R", help="the mean of each channel to subtract, or one of all")
    parser.flag("scale", type=float, metavar="X", help="what values are multiplied by, after the mean was subtracted")
    parser.flag(
        "interpolation",
        choices=("antialias", "opencv"),
        help="how to resize; opencv, as convert-imageset does, is the default where the training net resizes so, else antialias",
    )
    parser.switch("rgb", help="the net wants red first; Caffe's nets want blue first")
    parser.switch("bgr", help="the net wants blue first, as it does anyway")
    parser.switch("gray", help="the net wants one channel")


@dataclass(frozen=True)
class Step:
    """One thing that is done to pictures: its name, what it is, why it is that."""

    name: str
    what: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.why})" if self.why else self.what


@dataclass(frozen=True)
class Chosen:
    """The recipe, its steps in words, and where they are known from."""

    recipe: Recipe
    steps: list[Step]
    source: str


def choose(layer: Any | None, wanted: Shape | None, args: Namespace) -> Chosen:
    """The preprocessing for a net.

    layer: the data layer of the training net, if one is known. wanted: the shape of the net's own input, if it has one.
    Raises ModelError if the size of the pictures is not known, DataError and FormatError for a mean file or a database that cannot be read.
    """
    return _Choice(layer, wanted, args).made()


class _Choice:
    def __init__(self, layer: Any | None, wanted: Shape | None, args: Namespace):
        if args.mean_file and args.mean_value:
            raise UsageError("--mean-file and --mean-value: give one of them")
        if args.rgb and args.bgr:
            raise UsageError("--rgb and --bgr: give one of them")
        self.layer, self.args = layer, args
        self.wanted = wanted[1:] if wanted and len(wanted) == 4 else None
        self.param = layer.transform_param if layer is not None else messages.TransformationParameter()
        self.source = f"{place_of(layer) or 'the net'}, {label(layer)}" if layer is not None else "flags and the net's input"
        self.record = _record_shape(layer)

    def made(self) -> Chosen:
        mean, mean_step = self._mean()
        crop, crop_why = self._crop()
        size, size_why = self._size(mean, crop)
        color = self._color(mean)
        antialias = self._antialias()
        scale, scale_why = (self.args.scale, "--scale") if self.args.scale is not None else (self.param.scale, "")
        if crop and crop > min(size):
            raise DataError(
                f"a crop of {crop} x {crop} does not fit into pictures of {size[0]} x {size[1]}", hint="See --resize and --crop"
            )
        transform = Transform(crop, scale=np.float32(scale), mean=mean, mean_source=self._mean_source())
        steps = [
            Step("resize", f"{size[0]} x {size[1]}, {'antialiased' if antialias else 'as OpenCV does'}", size_why),
            Step("channels", ("RGB" if self.args.rgb else "BGR") if color else "gray", "--gray" if self.args.gray else ""),
            *([Step("crop", f"the middle {crop} x {crop}", crop_why)] if crop and (crop, crop) != size else []),
            mean_step,
            Step("scale", f"{scale:g}", scale_why),
        ]
        return Chosen(Recipe(size, transform, color, self.args.rgb, antialias), steps, self.source)

    def _mean_source(self) -> str:
        return str(self.args.mean_file or ("" if self.args.mean_value else self.param.mean_file))

    def _mean(self) -> tuple[np.ndarray, Step]:
        flag = "--mean-file" if self.args.mean_file else "--mean-value" if self.args.mean_value else ""
        if path := self._mean_source():
            try:
                mean = mean_files.load(path)
            except NetprotoError as error:
                hint = error.hint if flag else f"{self.source} names it. --mean-file or --mean-value says another".lstrip(". ")
                raise type(error)(error.what, place=error.place or Place(path), hint=hint) from error
            return mean, Step("mean", f"{path}, {' x '.join(map(str, mean.shape))}", flag)
        values = self.args.mean_value or list(self.param.mean_value)
        if values:
            return np.array(values, np.float32)[:, None, None], Step("mean", ", ".join(f"{v:g}" for v in values), flag)
        known = self.layer is not None
        return NO_MEAN, Step("mean", "none", "" if known else "none is known: --train-net, --mean-file or --mean-value says one")

    def _crop(self) -> tuple[int, str]:
        if self.args.crop:
            return self.args.crop, "--crop"
        if self.wanted and self.wanted[1] == self.wanted[2]:
            return int(self.wanted[1]), "the net's input"
        return (0, "") if self.wanted else (int(self.param.crop_size), "crop_size")

    def _size(self, mean: np.ndarray, crop: int) -> tuple[tuple[int, int], str]:
        if self.args.resize:
            return self.args.resize, "--resize"
        source = self.layer.image_data_param if self.layer is not None else messages.ImageDataParameter()
        if source.new_height and source.new_width:
            return (source.new_height, source.new_width), "new_height and new_width"
        if self.record:
            return (self.record[1], self.record[2]), "the size of the pictures in its database"
        if mean.shape[1:] > (1, 1) and min(mean.shape[1:]) >= crop:
            return (mean.shape[1], mean.shape[2]), "the size of the mean file"
        if crop in CUSTOM_CROPS:
            return (CUSTOM_SIZE, CUSTOM_SIZE), f"Caffe's custom for crops of {crop}; --resize says otherwise"
        if crop:
            return (crop, crop), "what the net sees; --resize says otherwise"
        if self.wanted:
            return (int(self.wanted[1]), int(self.wanted[2])), "the net's input"
        raise ModelError(
            "nothing says the size of the pictures",
            place=place_of(self.layer) if self.layer is not None else None,
            layer=label(self.layer) if self.layer is not None else "",
            hint="Say it: --resize H,W; and --gray, if they have one channel",
        )

    def _color(self, mean: np.ndarray) -> bool:
        if self.args.gray or self.param.force_gray:
            return False
        if self.wanted:
            return self._three_or_one(self.wanted[0])
        if self.record:
            return self._three_or_one(self.record[0])
        if self.layer is not None and self.layer.type == "ImageData":
            return bool(self.layer.image_data_param.is_color)
        return not (mean.size and mean.shape[0] == 1 and mean.shape[1:] != (1, 1))

    def _three_or_one(self, channels: int) -> bool:
        if channels not in (1, 3):
            raise ModelError(f"its pictures have {channels} channels, and files of pictures give 1 or 3", layer=self.source)
        return channels == 3

    def _antialias(self) -> bool:
        if self.args.interpolation:
            return bool(self.args.interpolation == "antialias")
        return not (self.layer is not None and self.layer.type == "ImageData" and self.layer.image_data_param.new_height)


def _record_shape(layer: Any | None) -> Shape | None:
    """(channels, height, width) of the first record of a Data layer's database, if that is here."""
    if layer is None or layer.type != "Data" or not os.path.exists(layer.data_param.source):
        return None
    source = database.open_source(layer.data_param.source, messages.enum_name(layer.data_param, "backend"))
    try:
        param = layer.transform_param
        return datum.pixels(datum.parse(source.take().value), force_color=param.force_color, force_gray=param.force_gray).shape
    finally:
        source.close()


def _size(text: str) -> tuple[int, int]:
    try:
        sizes = [int(part) for part in text.replace("x", ",").split(",")]
    except ValueError:
        sizes = []
    if len(sizes) not in (1, 2) or min(sizes) < 1:
        raise ArgumentTypeError(f"{text!r} is no size of the form HEIGHT,WIDTH")
    return sizes[0], sizes[-1]


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not of numbers separated by commas") from None
