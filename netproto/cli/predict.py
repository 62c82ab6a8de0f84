"""Say what is in pictures: the classes that a trained net finds most likely, and the preprocessing with which it looked at them.

MODEL is the deploy net, or the training net: its data layer and losses are put aside. It may be left out where the weights file holds
the net, as .npz does. The preprocessing is that of --train-net, of MODEL itself, or of the net in the weights file; flags come first.
"""

from __future__ import annotations

import json
import os
from argparse import Namespace
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..formats import weights as weights_files
from ..formats.weights import SUFFIXES, Weights
from ..net import deploy
from ..schema import upgrade
from . import classes, device, nets, options, recipes
from .flags import Parser, UsageError, positive
from .recipes import Chosen
from .scorer import Scorer

EXAMPLE = "netproto predict deploy.prototxt model.caffemodel cat.jpg --train-net train_val.prototxt --labels synset_words.txt"


def add_flags(parser: Parser) -> None:
    parser.add_argument("files", metavar="[MODEL] WEIGHTS IMAGE", nargs="+", help="the net (prototxt), the trained weights, and pictures")
    parser.flag("labels", metavar="FILE", help="the classes' names, a line each")
    parser.flag("top", type=positive, default=5, metavar="N", help="how many classes to say; default 5")
    parser.switch("ten-crop", help="look at corners, middle and their mirrors, and take the mean")
    parser.flag("output", default="", metavar="BLOB", help="the blob to ask for; default the softmax")
    recipes.add_flags(parser)
    parser.switch("json", help="for programs")
    options.add_gpu(parser)
    options.add_net_state(parser)
    options.add_python_layers(parser)


def run(args: Namespace) -> int:
    """Look at every picture, and print."""
    predictor, pictures = load(args)
    names = classes.load_names(args.labels)
    found = [(path, predictor.probabilities(path, ten=args.ten_crop)) for path in pictures]
    classes.check_names(names, found[0][1].size, args.labels)
    if args.json:
        print(json.dumps(_as_json(predictor, found, names, args.top)))
        return 0
    for line in predictor.lines(ten=args.ten_crop):
        print(line)
    for path, values in found:
        print("", path, *classes.lines(values, args.top, names), sep="\n")
    return 0


def load(args: Namespace) -> tuple[Predictor, list[str]]:
    """What looks at pictures, and the pictures' files, as the command line says."""
    model, weights_path, pictures = _sorted(args.files)
    weights = weights_files.load(weights_path)
    message = (
        nets.load_net(model, python_layers=args.python_layers) if model else nets.of_weights(weights, python_layers=args.python_layers)
    )
    state = {"level": args.level, "stages": args.stage}
    layer = deploy.data_layer(_training_net(args, message, weights), **state)
    chosen = recipes.choose(layer, deploy.input_shape(message, **state), args)
    deployed = deploy.deployed(message, (1, *chosen.recipe.shape), output=args.output, **state)
    return Predictor(Scorer(deployed, weights, device.choose(args.gpu)), chosen), pictures


def _sorted(files: list[str]) -> tuple[str, str, list[str]]:
    """(net, weights, pictures); '' for a net that is not named."""
    holds_net = os.path.splitext(files[0])[1].lower() in SUFFIXES
    model, rest = ("", files) if holds_net else (files[0], files[1:])
    if len(rest) < 2:
        raise UsageError("netproto predict [MODEL] WEIGHTS IMAGE...: " + ("no picture is named" if rest else "no weights are named"))
    return model, rest[0], rest[1:]


def _training_net(args: Namespace, message: Any, weights: Weights) -> Any:
    """The net that is most likely to say how pictures were transformed in training."""
    if args.train_net:
        return upgrade.load_net(args.train_net)
    if deploy.data_layer(message) is None and weights.net_text:
        return weights.message()
    return message


@dataclass
class Predictor:
    """A net with weights, and the preprocessing of its pictures."""

    scorer: Scorer
    chosen: Chosen

    def probabilities(self, path: str, *, ten: bool) -> np.ndarray:
        """(classes,): the mean over the crops of a picture. Raises DataError if it cannot be read."""
        return self.scorer.probabilities(self.chosen.recipe.crops(path, ten=ten)).mean(axis=0)

    def lines(self, *, ten: bool) -> list[str]:
        """What is done to the pictures, in words."""
        asked = self.scorer.output + (", the mean of ten crops" if ten else "")
        steps = [*((step.name, str(step)) for step in self.chosen.steps), ("net", asked)]
        return [f"preprocessing, from {self.chosen.source}", *(f"  {name:<9}{text}" for name, text in steps)]


def _as_json(predictor: Predictor, found: list[tuple[str, np.ndarray]], names: list[str], top: int) -> dict[str, Any]:
    """{"preprocessing": {...}, "pictures": [{"file", "top": [{"class", "name", "probability"}]}]}"""
    return {
        "preprocessing": {"source": predictor.chosen.source, **{step.name: step.what for step in predictor.chosen.steps}},
        "output": predictor.scorer.deployed.scores,
        "pictures": [
            {
                "file": path,
                "top": [
                    {"class": i, "name": names[i] if names else "", "probability": float(values[i])} for i in classes.best(values, top)
                ],
            }
            for path, values in found
        ],
    }
