"""The data pipeline: pictures a second out of an LMDB of 256 x 256, raw and JPEG, with crop 227, mirror and mean; nothing else runs."""

from __future__ import annotations

import io
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from netproto.data import datum, lmdb
from netproto.net.net import Net
from netproto.ops.cpu import CpuOps
from netproto.schema import messages, text

RECORDS, SIDE, BATCH, QUALITY = 512, 256, 64, 90
NET = """layer {{ name: "data" type: "Data" top: "data" top: "label" include {{ phase: TRAIN }}
  transform_param {{ crop_size: 227 mirror: true mean_value: 104 mean_value: 117 mean_value: 123 }}
  data_param {{ source: "{source}" batch_size: {batch} backend: LMDB }} }}"""


def measure(args: Namespace) -> list[dict[str, Any]]:
    """One record for each kind of database."""
    with tempfile.TemporaryDirectory() as folder:
        return [rate(kind, Path(folder), args.seconds * args.rounds) for kind in ("raw", "JPEG")]


def rate(kind: str, folder: Path, seconds: float) -> dict[str, Any]:
    """Pictures a second by the clock and by the processors' time, in batches, once the readers are in step."""
    path = folder / kind
    lmdb.write(str(path), records(kind))
    message = text.parse(NET.format(source=path, batch=BATCH), messages.NetParameter, file="net.prototxt")
    net = Net(message, ops=CpuOps(), phase=0)
    for _ in range(4):
        net.forward()
    count, start, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        net.forward()
        count += BATCH
    wall, processors = time.perf_counter() - start, time.process_time() - used
    net.close()
    size = sum(file.stat().st_size for file in path.iterdir()) / RECORDS
    return {"kind": kind, "bytes": size, "images_per_second": count / wall, "images_per_processor_second": count / processors}


def records(kind: str) -> Iterator[tuple[bytes, bytes]]:
    """(key, Datum) of made-up pictures."""
    generator = np.random.default_rng(1)
    for i in range(RECORDS):
        pixels = picture(generator)
        if kind == "JPEG":
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY)
            yield f"{i:08d}".encode(), datum.encode_file(file.getvalue(), i % 1000)
        else:
            yield f"{i:08d}".encode(), datum.encode(np.ascontiguousarray(pixels.transpose(2, 0, 1)), i % 1000)


def picture(generator: np.random.Generator) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8 with as much detail at each scale as photographs have: twice as fine, half as strong."""
    pixels = np.full((SIDE, SIDE, 3), 128.0)
    for cells in (4, 8, 16, 32, 64, 128, 256):
        grid = generator.standard_normal((cells, cells, 3)) * 160 / cells**0.5
        pixels += grid.repeat(SIDE // cells, axis=0).repeat(SIDE // cells, axis=1)
    return pixels.clip(0, 255).astype(np.uint8)
