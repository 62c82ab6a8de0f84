"""Write what a net makes of its data, blob by blob, into databases: a Datum of floats for each record, under the keys 0000000000, ...

The arguments are those of Caffe's extract_features. The net runs in phase TEST, with the data layer that it has there.
"""

from __future__ import annotations

import logging
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np

from ..data.lmdb import LmdbWriter
from ..errors import DataError, ModelError, Place
from ..formats import files
from ..formats import weights as weights_files
from ..layers.base import TEST
from ..net.inference import InferenceNet
from ..net.loading import copy_weights
from ..net.net import Net
from ..pycaffe.io import array_to_datum
from . import device, nets, options, samples
from .flags import Parser, UsageError, names, positive

EXAMPLE = "netproto extract-features model.caffemodel train_val.prototxt fc6,fc7 fc6_lmdb,fc7_lmdb 10 lmdb"
PER_COMMIT = 1000
LEGACY_AXES = 4
"""A Datum has channels, height and width."""

log = logging.getLogger(__name__)


def add_flags(parser: Parser) -> None:
    parser.add_argument("weights", metavar="WEIGHTS", help="the trained weights")
    parser.add_argument("model", metavar="MODEL", help="the net (prototxt), with a data layer")
    parser.add_argument("blobs", metavar="BLOB,BLOB", type=names, help="the blobs to write")
    parser.add_argument("databases", metavar="DB,DB", type=names, help="a database for each; they must not be there yet")
    parser.add_argument("batches", metavar="BATCHES", type=positive, help="how many batches to run")
    parser.add_argument("db_type", metavar="DB_TYPE", choices=("lmdb", "leveldb"), help="lmdb; leveldb is read only")
    parser.add_argument("device", metavar="CPU|GPU", nargs="?", type=str.upper, choices=("CPU", "GPU"), default="CPU", help="default CPU")
    parser.add_argument("device_id", metavar="DEVICE_ID=0", nargs="?", type=_device_id, default=0, help="which GPU")
    options.add_net_state(parser)
    options.add_sample(parser)
    options.add_python_layers(parser)


def run(args: Namespace) -> int:
    """Run the net, and write."""
    if args.db_type == "leveldb":
        raise DataError("LevelDB is read but not written", hint="Write an lmdb")
    if len(args.blobs) != len(args.databases):
        raise UsageError(f"{len(args.blobs)} blobs, but {len(args.databases)} databases: name one for each")
    message = nets.load_net(args.model, python_layers=args.python_layers)
    if args.sample:
        message, _ = samples.in_net(message, TEST)
    ops = device.choose([args.device_id] if args.device == "GPU" else [])
    weights = weights_files.load(args.weights)
    with samples.offered(args.sample):
        net = InferenceNet(message, ops=ops, keep=args.blobs, level=args.level, stages=args.stage, given=weights.complete())
    try:
        for line in copy_weights(net, weights).lines():
            log.info("%s", line)
        _check(net, args.blobs, args.model)
        counts = _extract(net, args.blobs, args.databases, args.batches)
    finally:
        net.close()
    for blob, database, count in zip(args.blobs, args.databases, counts, strict=True):
        log.info("Extracted features of %d query images for feature blob %s into %s", count, blob, database)
    log.info("Successfully extracted the features!")
    return 0


def _check(net: Net, blobs: Sequence[str], path: str) -> None:
    for name in blobs:
        shape = net.blobs[name].shape
        if not 1 <= len(shape) <= LEGACY_AXES:
            raise ModelError(f"blob {name!r} of the shape {shape} has no records of (channels, height, width)", place=Place(path))


def _extract(net: Net, blobs: Sequence[str], databases: Sequence[str], batches: int) -> list[int]:
    """Write so many batches of the blobs; how many records each database has got. All of them are there in the end, or none."""
    counts = [0] * len(blobs)
    with ExitStack() as stack:
        folders = [stack.enter_context(files.whole_folder(path)) for path in databases]
        with ExitStack() as open_writers:
            writers = [open_writers.enter_context(LmdbWriter(folder)) for folder in folders]
            for i in range(batches):
                net.forward()
                for k, writer in enumerate(writers):
                    counts[k] += _write(writer, net.ops.to_host(net.blobs[blobs[k]].data), counts[k])
                log.info("Batch %d of %d", i + 1, batches)
    return counts


def _write(writer: LmdbWriter, features: np.ndarray, first: int) -> int:
    """Put the records of a batch; how many they are."""
    planes = features.reshape(*features.shape, *(1,) * (LEGACY_AXES - features.ndim))
    for number, record in enumerate(planes.astype(np.float32, copy=False), first):
        writer.put(f"{number:010d}".encode(), array_to_datum(record).SerializeToString())
        if (number + 1) % PER_COMMIT == 0:
            writer.commit()
    return len(planes)


def _device_id(text: str) -> int:
    number = text.removeprefix("DEVICE_ID=")
    if not number.isdigit():
        raise ArgumentTypeError(f"{text!r} is no number of a GPU")
    return int(number)
