"""Which commands there are, and the flags that all of them take. Nothing of a command is imported before it runs."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from .flags import Parser, natural


@dataclass(frozen=True)
class Command:
    """module: where its `add_flags`, `run` and EXAMPLE are. quiet: it answers on stdout, and logs warnings only. threads: whether it takes
    the flags of threads.py."""

    module: str
    summary: str
    quiet: bool = False
    threads: bool = False


COMMANDS = {
    "train": Command("netproto.cli.train", "train a net, or go on from a snapshot or from weights", threads=True),
    "test": Command("netproto.cli.test", "score a trained net", threads=True),
    "time": Command("netproto.cli.time", "measure a net, layer by layer", threads=True),
    "predict": Command("netproto.cli.predict", "say what is in pictures", quiet=True),
    "classify": Command("netproto.cli.classify", "classify pictures as Caffe's classify.py does", quiet=True),
    "detect": Command("netproto.cli.detect", "classify windows of pictures as Caffe's detect.py does", quiet=True),
    "extract-features": Command("netproto.cli.extract_features", "write what a net makes of its data into databases"),
    "check": Command("netproto.cli.check", "say what is wrong with net and solver files", quiet=True),
    "summary": Command("netproto.cli.summary", "show a net's layers, shapes, parameters, multiply-adds and memory", quiet=True),
    "draw": Command("netproto.cli.draw", "draw a net", quiet=True),
    "convert": Command("netproto.cli.convert", "change weights from one file format into another"),
    "upgrade": Command("netproto.cli.upgrade", "rewrite an old net or solver file in today's form", quiet=True),
    "convert-imageset": Command("netproto.cli.convert_imageset", "make a database of pictures"),
    "compute-image-mean": Command("netproto.cli.compute_image_mean", "make the mean file of a database"),
    "resize-images": Command("netproto.cli.resize_images", "make squares of pictures"),
    "parse-log": Command("netproto.cli.parse_log", "make tables of a training log", quiet=True),
    "plot": Command("netproto.cli.plot", "draw loss, accuracy and learning rate of training runs", quiet=True),
    "run": Command("netproto.cli.run", "run a Python script or module whose `import caffe` is netproto's"),
    "convert-mnist": Command("netproto.cli.convert_mnist", "make a database of MNIST's or Fashion-MNIST's files"),
    "convert-cifar": Command("netproto.cli.convert_cifar", "make the databases of CIFAR-10's files"),
    "device-query": Command("netproto.cli.device_query", "show the GPUs", quiet=True),
    "selftest": Command("netproto.cli.selftest", "compare a GPU with the CPU", quiet=True),
}


def overview() -> str:
    """What `netproto --help` prints."""
    lines = [f"  {name:<20}{command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: netproto COMMAND [flags]",
            "",
            "A Caffe that installs with pip: trains and runs your prototxt, weights and LMDB.",
            "",
            "commands:",
            *lines,
            "",
            "netproto COMMAND --help shows its flags and an example; netproto --version the version.",
        ]
    )


def add_common_flags(parser: Parser) -> None:
    """How it logs, and --debug. The names of glog's flags are Caffe's users' habit."""
    parser.switch("debug", help="show the traceback of an error")
    parser.flag(
        "log-format", choices=("auto", "glog", "plain"), default="auto", help="Caffe's log lines, or plain ones; auto: plain on a terminal"
    )
    parser.flag("log-dir", metavar="DIR", help="write Caffe's log lines to a file there, too")
    parser.flag("minloglevel", type=natural, metavar="N", help="0 all, 1 warnings and errors, 2 errors only")
    parser.switch("logtostderr", help=argparse.SUPPRESS)
    parser.switch("alsologtostderr", help=argparse.SUPPRESS)
