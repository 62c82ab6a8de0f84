"""test --ten-crop: judge each picture by the mean of what the net says of ten crops, as AlexNet's authors did."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..data.prefetch import Prefetcher
from ..data.ten_crops import TenCrops
from ..data.transform import Transform
from ..errors import ModelError
from ..formats.weights import Weights
from ..layers import LAYERS
from ..layers.base import TEST
from ..layers.base_data import DataLayer
from ..net import deploy
from ..ops.base import Ops
from ..schema import messages, rules
from ..schema.places import label, place_of
from .scorer import Scorer

SMALLEST = np.finfo(np.float32).tiny
"""What a loss takes a probability of 0 for."""

log = logging.getLogger(__name__)


def score(net: Any, weights: Weights, ops: Ops, iterations: int, args: Namespace) -> None:
    """Print, in Caffe's lines, accuracies and loss of each batch, then the means. net: an upgraded NetParameter."""
    feed = _feed(net, args)
    try:
        shape = (1, *feed.first_shapes()[0][2:])
        deployed = deploy.deployed(net, shape, level=args.level, stages=args.stage)
        scorer = Scorer(deployed, weights, ops, strict=args.strict)
        log.info("Running for %d iterations.", iterations)
        _run(scorer, feed, iterations, dict(_accuracies(net, args)))
    finally:
        feed.close()


def _run(scorer: Scorer, feed: Prefetcher, iterations: int, accuracies: dict[str, int]) -> None:
    sums: dict[str, float] = {}
    for i in range(iterations):
        batch = feed.next()
        pictures, labels = batch.arrays
        values = _judge(scorer, pictures)
        for name, value in _measures(values, labels.astype(np.int64), accuracies):
            sums[name] = sums.get(name, 0.0) + value
            log.info("Batch %d, %s = %g", i, name, value)
        feed.release(batch)
    log.info("Loss: %g", sums["loss"] / iterations)
    for name, total in sums.items():
        log.info("%s = %g", name, total / iterations)


def _judge(scorer: Scorer, pictures: np.ndarray) -> np.ndarray:
    """(N, classes) of (N, 10, channels, height, width); the net sees about N crops at a time."""
    count = len(pictures)
    step = max(1, count // pictures.shape[1])
    parts = [pictures[i : i + step] for i in range(0, count, step)]
    found = [scorer.probabilities(part.reshape(-1, *part.shape[2:])).reshape(*part.shape[:2], -1).mean(axis=1) for part in parts]
    return np.concatenate(found)


def _measures(values: np.ndarray, labels: np.ndarray, accuracies: dict[str, int]) -> Iterator[tuple[str, float]]:
    """Name and value of each accuracy and of the loss; of classes with equal values the wrong one counts, as in Caffe."""
    if labels.min() < 0 or labels.max() >= values.shape[1]:
        raise ModelError(f"the records have labels of {labels.min()} to {labels.max()}, but the net {values.shape[1]} classes")
    true = values[np.arange(len(values)), labels]
    better = (values >= true[:, None]).sum(axis=1) - 1
    for name, top in sorted(accuracies.items()):
        yield name, float((better < top).mean())
    yield "loss", float(-np.log(np.maximum(true, SMALLEST)).mean())


def _accuracies(net: Any, args: Namespace) -> Iterator[tuple[str, int]]:
    """The top of each Accuracy layer and its top_k; 'accuracy' and 1 if there is none."""
    layers = rules.filter_net(net, messages.NetState(phase=TEST, level=args.level, stage=args.stage)).layer
    found = [(layer.top[0], layer.accuracy_param.top_k) for layer in layers if layer.type == "Accuracy"]
    yield from found or [("accuracy", 1)]


def _feed(net: Any, args: Namespace) -> Prefetcher:
    """The batches of the net's data layer for phase TEST, (N, 10, ...) and labels. Raises ModelError if it has none that can give them."""
    message = deploy.data_layer(net, args.level, args.stage, phases=(TEST,))
    if message is None:
        raise ModelError("has no layer in phase TEST that reads records", place=place_of(net), hint="--ten-crop wants Data or ImageData")
    layer = LAYERS.find(message.type)(message, TEST)
    feed = None
    if isinstance(layer, DataLayer) and len(message.top) == 2:
        with layer.explained():
            feed = layer.open()
    transform = getattr(feed.loader, "transform", None) if feed else None
    if feed is None or not isinstance(transform, Transform):
        raise ModelError(
            "does not give pictures of which ten crops could be taken, with labels",
            place=place_of(message),
            layer=label(message),
            hint="--ten-crop wants Data or ImageData with two tops",
        )
    feed.loader.transform = TenCrops.like(transform)  # type: ignore[attr-defined]
    return feed
