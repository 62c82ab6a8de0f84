"""The siamese net shares its weights between its two halves, as Caffe's examples/siamese, and draws pictures of one class together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from netproto.data import datasets, lmdb
from netproto.sample import sheets

from .test_examples import load, number_of_weights
from .workplace import Trained

LEARNED = ("conv1", "conv2", "ip1", "ip2", "feat")


def test_the_halves_share_their_weights() -> None:
    by_name = {layer.name: layer for layer in load("siamese/train_test.prototxt").layer}
    for name in LEARNED:
        names = [param.name for param in by_name[name].param]
        assert names == [f"{name}_w", f"{name}_b"]
        assert [param.name for param in by_name[f"{name}_p"].param] == names
    assert by_name["loss"].contrastive_loss_param.margin == 1


def test_it_learns_from_pairs(workplace: Callable[..., Trained], tmp_path: Path) -> None:
    folder = tmp_path / "examples" / "siamese"
    folder.mkdir(parents=True)
    pictures, labels = sheets.load("train")
    pairs = datasets.pairs(pictures[:, None], labels, 0)
    lmdb.write(str(folder / "mnist_siamese_train_lmdb"), datasets.pictures(*pairs))
    trained = workplace("siamese/solver.prototxt", iterations=30, batch=16)
    assert np.mean(trained.losses[-10:]) < np.mean(trained.losses[:10])
    assert sum(param.blob.count for param in trained.solver.net.learnable) == 431_102
    assert number_of_weights(load("siamese/deploy.prototxt")) == 431_102
