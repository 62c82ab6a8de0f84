"""Classify windows of pictures as Caffe's detect.py does (R-CNN), each warped to the net's input.

INPUT is a .csv with the columns filename, ymin, xmin, ymax, xmax (--crop-mode list), or a .txt with a picture a line, in which selective
search, a program of its own, proposes windows. OUTPUT is a .csv, or an .h5 with the arrays filename, window (N, 4) and prediction (N, C).
"""

from __future__ import annotations

import csv
import io
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..data.lists import read_lines
from ..formats import files
from ..pycaffe import Detector, set_mode_gpu
from ..pycaffe.detector import COORDINATES, read_windows
from . import classify
from .flags import Parser, UsageError, natural

EXAMPLE = "netproto detect --crop_mode list --model_def deploy.prototxt --pretrained_model rcnn.caffemodel windows.csv detections.csv"

Detection = dict[str, Any]


def add_flags(parser: Parser) -> None:
    parser.add_argument("input_file", metavar="INPUT", help="the windows (.csv), or the pictures (.txt)")
    parser.add_argument("output_file", metavar="OUTPUT", help="the .csv or .h5 to write")
    parser.flag(
        "crop-mode",
        choices=("list", "selective_search"),
        default="selective_search",
        help="where the windows come from; default selective_search",
    )
    parser.flag("context-pad", type=natural, default=16, metavar="N", help="pixels of surroundings at each edge of the input; default 16")
    classify.add_net_flags(parser)


def run(args: Namespace) -> int:
    """Look at all windows, and write what is in them."""
    write = WRITERS.get(Path(args.output_file).suffix.lower())
    if write is None:
        raise UsageError(f"{args.output_file!r} is not the name of a {' or '.join(WRITERS)} file")
    if args.gpu:
        set_mode_gpu()
    _, settings = classify.net_settings(args)
    net = Detector(args.model_def, args.pretrained_model, context_pad=args.context_pad, **settings)
    print("Loading input...")
    start = time.perf_counter()
    found = _detect(net, args)
    print(f"Processed {len(found)} windows in {time.perf_counter() - start:.3f} s.")
    write(args.output_file, found)
    print(f"Saved to {args.output_file}")
    return 0


def _detect(net: Detector, args: Namespace) -> list[Detection]:
    if args.crop_mode == "list":
        if not args.input_file.lower().endswith("csv"):
            raise UsageError(f"--crop-mode list wants a .csv of windows, not {args.input_file!r}")
        return net.detect_windows(read_windows(args.input_file))
    if not args.input_file.lower().endswith("txt"):
        raise UsageError(f"--crop-mode selective_search wants a .txt of pictures, not {args.input_file!r}")
    return net.detect_selective_search([line.strip() for _, line in read_lines(args.input_file, "pictures")])


def _write_csv(path: str, found: list[Detection]) -> None:
    """A row for each window: filename, its corners, a column for each class."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    size = found[0]["prediction"].size if found else 0
    writer.writerow(["filename", *COORDINATES, *(f"class{i}" for i in range(size))])
    for one in found:
        writer.writerow([one["filename"], *one["window"].tolist(), *one["prediction"].ravel().tolist()])
    with files.writing(path) as file:
        file.write(text.getvalue().encode("utf-8", "surrogateescape"))


def _write_hdf5(path: str, found: list[Detection]) -> None:
    with files.whole(path) as temporary, h5py.File(temporary, "w") as file:
        file["filename"] = np.array([one["filename"].encode("utf-8", "surrogateescape") for one in found], dtype=h5py.string_dtype())
        file["window"] = np.array([one["window"] for one in found], np.int64).reshape(len(found), len(COORDINATES))
        file["prediction"] = np.array([one["prediction"].ravel() for one in found], np.float32).reshape(len(found), -1 if found else 0)


WRITERS: dict[str, Callable[[str, list[Detection]], None]] = {".csv": _write_csv, ".h5": _write_hdf5, ".hdf5": _write_hdf5}
