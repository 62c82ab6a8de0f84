"""Make squares of pictures: the shorter side is brought to a length, and the middle cut out. Folders stay as they are.

What cannot be read is skipped and named. The picture's name says in which format it is written.
"""

from __future__ import annotations

import io
import logging
import os
from argparse import Namespace
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePath

from PIL import Image

from ..data import convert, image
from ..data.lists import read_lines
from ..data.square import antialiased_square, square
from ..errors import DataError, NetprotoError, Place
from ..formats import files
from .flags import Parser, positive

EXAMPLE = "netproto resize-images --input-folder photos/ --output-folder photos256/ --output-side-length 256"
PIL_QUALITY = 75
REPORT_EVERY = 1000

log = logging.getLogger(__name__)


def add_flags(parser: Parser) -> None:
    parser.flag("input-folder", required=True, metavar="DIR", help="where the pictures are")
    parser.flag("output-folder", required=True, metavar="DIR", help="where to write them, under the same names")
    parser.flag("input", metavar="FILE", help="a list of pictures, a path in the folder a line, a label may follow; default: all")
    parser.flag("output-side-length", type=positive, default=256, metavar="N", help="the side of the squares; default 256")
    parser.flag(
        "image-lib",
        choices=("opencv", "pil"),
        default="opencv",
        help="whose resizing: opencv, as Caffe's data layers have it; pil, antialiased, and JPEG always",
    )
    parser.flag("threads", type=positive, default=os.cpu_count() or 1, metavar="N", help="how many work at once; default one a core")


def run(args: Namespace) -> int:
    """Resize all, and say what was skipped."""
    if os.path.realpath(args.input_folder) == os.path.realpath(args.output_folder):
        raise DataError("is both the input and the output folder", place=Place(args.output_folder), hint="Write to another one")
    names = sorted(_listed(args.input) if args.input else _found(args.input_folder))
    if not names:
        raise DataError("holds no pictures", place=Place(args.input_folder))
    make = _antialiased if args.image_lib == "pil" else _linear
    failures = []
    with ThreadPoolExecutor(args.threads) as pool:
        for i, failure in enumerate(pool.map(partial(_resize, args, make), names), 1):
            if failure is not None:
                log.warning("Skipping %s", failure)
                failures.append(failure)
            if i % REPORT_EVERY == 0:
                log.info("Processed %d pictures", i)
    if len(failures) == len(names):
        raise DataError(f"none of {len(names)} pictures could be resized: {failures[0]}")
    log.info("Wrote %d pictures to %s", len(names) - len(failures), args.output_folder)
    return 0


def _listed(path: str) -> Iterator[str]:
    for _, line in read_lines(path, "pictures"):
        name, _, label = line.strip().rpartition(" ")
        yield name.strip() if name and label.lstrip("-").isdigit() else line.strip()


def _found(folder: str) -> Iterator[str]:
    """The names in a folder, and in those below, that say a format which can be written."""
    if not os.path.isdir(folder):
        raise DataError("there is no such folder", place=Place(folder))
    for path in Path(folder).rglob("*"):
        if path.suffix.lstrip(".").lower() in convert.FORMATS and path.is_file():
            yield str(path.relative_to(folder))


def _resize(args: Namespace, make: Callable[[str, int], bytes], name: str) -> NetprotoError | None:
    """Write one picture; or say why not."""
    try:
        inside = _inside(args.input_folder, name)
        content = make(str(Path(args.input_folder, inside)), args.output_side_length)
        target = Path(args.output_folder, inside)
        target.parent.mkdir(parents=True, exist_ok=True)
        with files.writing(target) as file:
            file.write(content)
    except OSError as error:
        return files.cannot_write(error.filename or name, error)
    except NetprotoError as error:
        return error
    return None


def _inside(folder: str, name: str) -> PurePath:
    """A listed path as seen from the folder; it may be given from there or from here. Raises DataError if it leads out of it."""
    path = Path(folder, name)
    inside = (
        PurePath(os.path.relpath(path if path.exists() else name, folder)) if os.path.exists(name) else PurePath(os.path.normpath(name))
    )
    if inside.is_absolute() or ".." in inside.parts:
        raise DataError(f"does not lie in {folder}", place=Place(name))
    return inside


def _linear(path: str, side: int) -> bytes:
    kind = convert.FORMATS.get(PurePath(path).suffix.lstrip(".").lower())
    if kind is None:
        raise DataError("its name does not say a format that can be written", place=Place(path), hint="jpg and png do")
    return convert.encode(square(image.read(path, color=True), side), kind)


def _antialiased(path: str, side: int) -> bytes:
    content = io.BytesIO()
    try:
        with Image.open(path) as picture:
            antialiased_square(picture, side).save(content, "JPEG", quality=PIL_QUALITY)
    except image.BROKEN as error:
        raise DataError(f"image cannot be read: {getattr(error, 'strerror', None) or error}", place=Place(path)) from error
    return content.getvalue()
