"""Classify pictures as Caffe's classify.py does: a file, a folder, or a .npy of several; ten crops of each, or the middle.

Pictures are read in RGB with values of 0 to 1, resized to --images-dim without antialiasing, cropped to the net's input; then channels are
swapped, values multiplied by --raw-scale, the mean subtracted. OUTPUT is a .npy with a row for each picture. See also netproto predict,
which learns the preprocessing from the training net.
"""

from __future__ import annotations

import os
import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, Place
from ..formats import archive, files
from ..formats import mean as mean_files
from ..net import deploy
from ..pycaffe import Classifier, Net, io, set_mode_gpu
from ..schema import upgrade
from . import classes
from .flags import Parser, positive

EXAMPLE = "netproto classify --model_def deploy.prototxt --pretrained_model model.caffemodel --mean_file mean.npy cat.jpg out.npy"
AT_ONCE = 16
"""Pictures that are in memory together."""
BLUE_FIRST = (2, 1, 0)

Pictures = list[tuple[str, np.ndarray]]


def add_flags(parser: Parser) -> None:
    parser.add_argument(
        "input_file", metavar="INPUT", help="a picture, a folder of pictures, or a .npy (pictures, height, width, channels)"
    )
    parser.add_argument("output_file", metavar="OUTPUT", nargs="?", help="the .npy to write, with the net's output for each picture")
    parser.switch("center-only", help="look at the middle only, not at ten crops")
    parser.flag("images-dim", type=numbers, default=[256, 256], metavar="H,W", help="the size before the crop; default 256,256")
    parser.flag("ext", default="jpg", help="how the names of a folder's pictures end; default jpg")
    parser.flag("labels", metavar="FILE", help="the classes' names, a line each")
    parser.flag("top", type=positive, default=5, metavar="N", help="how many classes to say; default 5")
    add_net_flags(parser)


def add_net_flags(parser: Parser) -> None:
    """What classify and detect have in common."""
    parser.flag("model-def", required=True, metavar="FILE", help="the net (prototxt)")
    parser.flag("pretrained-model", required=True, metavar="FILE", help="the trained weights")
    parser.switch("gpu", help="compute on the GPU")
    parser.flag("mean-file", default="", metavar="FILE", help="the mean to subtract: .npy or .binaryproto; without it none is")
    parser.flag("input-scale", type=float, metavar="X", help="what values are multiplied by, after the mean was subtracted")
    parser.flag("raw-scale", type=float, default=255.0, metavar="X", help="what values of 0 to 1 are multiplied by first; default 255")
    parser.flag("channel-swap", type=numbers, metavar="2,1,0", help="the order of channels; default 2,1,0, for nets that want blue first")


def run(args: Namespace) -> int:
    """Look at all, write, and print the likeliest classes."""
    names = classes.load_names(args.labels)
    if args.gpu:
        set_mode_gpu()
    gray, settings = net_settings(args)
    net = Classifier(args.model_def, args.pretrained_model, image_dims=args.images_dim, **settings)
    print(f"Loading {_kind(args.input_file)}: {args.input_file}")
    start, found, seen = time.perf_counter(), [], []
    for some in _pictures(args, gray):
        found.append(net.predict([picture for _, picture in some], not args.center_only))
        seen += [name for name, _ in some]
    predictions = np.concatenate(found)
    print(f"Classified {len(seen)} inputs in {time.perf_counter() - start:.2f} s.")
    if args.output_file:
        print(f"Saving results into {args.output_file}")
        with files.writing(args.output_file) as file:
            np.lib.format.write_array(file, predictions, allow_pickle=False)
    scores = predictions.reshape(len(seen), -1)
    classes.check_names(names, scores.shape[1], args.labels)
    for name, values in zip(seen, classes.probabilities(scores, maker_of(net)), strict=True):
        print("", name, *classes.lines(values, args.top, names), sep="\n")
    return 0


def net_settings(args: Namespace) -> tuple[bool, dict[str, Any]]:
    """Whether the net wants one channel; and how its pictures are to be transformed, for Classifier and Detector."""
    shape = deploy.input_shape(upgrade.load_net(args.model_def))
    if shape is None or len(shape) != 4:
        raise DataError("has no Input of pictures", place=Place(args.model_def), hint="Give the deploy net; netproto predict takes others")
    gray = shape[1] == 1
    return gray, {
        "mean": mean_files.load(args.mean_file) if args.mean_file else None,
        "input_scale": args.input_scale,
        "raw_scale": args.raw_scale,
        "channel_swap": args.channel_swap or (None if gray else BLUE_FIRST),
    }


def maker_of(net: Net) -> str:
    """The type of the layer that makes the net's first output."""
    makers = [layer.type for name, layer in net.layer_dict.items() if net.outputs[0] in net.top_names[name]]
    return str(makers[-1])


def numbers(text: str) -> list[int]:
    """Whole numbers separated by commas."""
    try:
        return [int(part) for part in text.split(",") if part]
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not of whole numbers separated by commas") from None


def _kind(path: str) -> str:
    return "folder" if os.path.isdir(path) else "file"


def _pictures(args: Namespace, gray: bool) -> Iterator[Pictures]:
    """The pictures with their names, some at a time. Raises DataError where there are none, or one cannot be read."""
    path = os.path.expanduser(args.input_file)
    if path.endswith(".npy"):
        loaded = _load_npy(path)
        for start in range(0, len(loaded), AT_ONCE):
            yield [(f"{path}[{i}]", loaded[i]) for i in range(start, min(start + AT_ONCE, len(loaded)))]
        return
    listed = [path]
    if os.path.isdir(path):
        listed = sorted(str(name) for name in Path(path).glob(f"*.{args.ext}"))
        if not listed:
            raise DataError(f"holds no *.{args.ext}", place=Place(path), hint="--ext says how the names of pictures end")
    for start in range(0, len(listed), AT_ONCE):
        yield [(name, io.load_image(name, not gray)) for name in listed[start : start + AT_ONCE]]


def _load_npy(path: str) -> np.ndarray:
    try:
        loaded: np.ndarray = np.load(path, allow_pickle=False)
    except archive.BROKEN as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"is no .npy, or a broken one: {reason}", place=Place(path)) from error
    if loaded.ndim not in (3, 4) or not loaded.size or loaded.dtype.kind not in "fiu":
        raise DataError(f"holds {loaded.dtype} of the shape {loaded.shape}, not (pictures, height, width, channels)", place=Place(path))
    return loaded if loaded.ndim == 4 else loaded[None]
