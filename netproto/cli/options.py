"""Flags that several commands take."""

from __future__ import annotations

from .device import gpus
from .flags import Parser, names


def add_net_state(parser: Parser) -> None:
    """--level and --stage: which layers are part of the net."""
    parser.flag("level", type=int, default=0, metavar="N", help="the net's level, for layers with min_level or max_level")
    parser.flag("stage", type=names, default=[], metavar="A,B", help="the net's stages, for layers with stage or not_stage")


def add_phase(parser: Parser, default: str, text: str = "which layers are part of the net") -> None:
    parser.flag("phase", type=str.upper, choices=("TRAIN", "TEST"), default=default, help=f"{text}; default {default}")


def add_gpu(parser: Parser) -> None:
    parser.flag("gpu", type=gpus, default=[], metavar="0,1|all", help="compute on these GPUs; without it on the CPU")


def add_gpu_ways(parser: Parser) -> None:
    """--cudnn and --tf32: how a GPU computes."""
    parser.switch("cudnn", help="let cuDNN compute convolutions on the GPU; without, it does those with `engine: CUDNN`")
    parser.switch("tf32", help="let tensor cores round what they multiply to 10 bits")


def add_python_layers(parser: Parser) -> None:
    parser.switch("python-layers", default=True, help="refuse Python layers, which run the code that the net names")


def add_sample(parser: Parser) -> None:
    parser.switch("sample", help="where the net's database is missing, use the Fashion-MNIST pictures that ship with netproto")
