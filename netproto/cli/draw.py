"""Draw a net: its layers, and the blobs between them. The output's suffix says how: .svg, .png, another picture's, or .dot for Graphviz."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..layers.base import TEST, TRAIN
from ..pycaffe.draw import draw_net_to_file
from ..pycaffe.draw.graph import RANKDIRS
from ..schema import upgrade
from .flags import Parser

EXAMPLE = "netproto draw train_val.prototxt net.svg --rankdir TB --phase TRAIN"
PHASES = {"ALL": None, "TRAIN": TRAIN, "TEST": TEST}


def add_flags(parser: Parser) -> None:
    parser.add_argument("input_net_proto_file", metavar="MODEL", help="the net (prototxt)")
    parser.add_argument("output_image_file", metavar="OUTPUT", help="the picture to write")
    parser.flag("rankdir", type=str.upper, choices=RANKDIRS, default="LR", help="where the net flows: to the right (default), TB down, ...")
    parser.flag("phase", type=str.upper, choices=tuple(PHASES), default="ALL", help="draw the layers of a phase only; default ALL")
    parser.switch("display-lrm", help="say the lr_mult of layers that learn")


def run(args: Namespace) -> int:
    """Load, lay out, write."""
    net = upgrade.load_net(args.input_net_proto_file)
    print(f"Drawing net to {args.output_image_file}")
    phase = PHASES[args.phase]
    draw_net_to_file(net, Path(args.output_image_file), args.rankdir, phase, args.display_lrm)
    return 0
