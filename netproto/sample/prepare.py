"""A net that reads the sample where its own databases are missing: message in, message out."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from ..schema import messages
from . import cache, sheets

TRAIN, TEST = 0, 1  # Caffe's Phase
LARGE_CROP = 64
"""A net that crops as much as this wants photographs."""
PHOTO_SIDE = 256
"""The side of photographs as Caffe's users store them."""


@dataclass(frozen=True)
class Prepared:
    """net: the NetParameter, changed. notes: what was replaced by what, one sentence for each layer; empty if nothing was.

    test_iter: how many batches see each test picture once; None if no layer of the phase TEST was changed.
    """

    net: Any
    notes: list[str] = field(default_factory=list)
    test_iter: int | None = None


def prepare(net: Any, *, phase: int = TRAIN, cache_dir: str | None = None) -> Prepared:
    """Let each Data layer whose database does not exist read the sample: source, backend, mean_file and pca_file are replaced.

    net: an upgraded NetParameter, filtered or not. phase: of layers whose rules do not say one. cache_dir: see cache.folder.
    Layers of the phase TRAIN get the 2,000 pictures, those of TEST the 500, in a size that suits their transform_param.
    """
    changed = type(net)()
    changed.CopyFrom(net)
    notes, test_iter = [], None
    for layer in changed.layer:
        if layer.type != "Data" or os.path.exists(layer.data_param.source):
            continue
        split = "test" if _phase(layer, phase) == TEST else "train"
        missing = layer.data_param.source
        form = wanted_format(layer.transform_param)
        _redirect(layer, cache.folder(form, cache_dir), split)
        notes.append(
            f"Layer {layer.name!r} reads the sample that ships with netproto, {sheets.COUNTS[split]} {split} pictures of Fashion-MNIST, "
            f"{form.channels} x {form.side} x {form.side}: there is no {missing or 'source'}"
        )
        if split == "test":
            test_iter = max(test_iter or 0, -(-sheets.COUNTS[split] // max(layer.data_param.batch_size, 1)))
    return Prepared(changed, notes, test_iter)


def wanted_format(transform: Any) -> cache.Format:
    """What a TransformationParameter asks for: photographs of 256 x 256 in colour for a large crop, else 28 x 28 in gray.

    The side is never smaller than the crop; three mean values ask for colour.
    """
    crop = transform.crop_size
    photo = crop >= LARGE_CROP
    side = max(crop, PHOTO_SIDE if photo else sheets.SIDE)
    return cache.Format(side, 3 if photo or len(transform.mean_value) == 3 else 1)


def _phase(layer: Any, default: int) -> int:
    """The phase that a LayerParameter says it is for."""
    if layer.HasField("phase"):
        return int(layer.phase)
    for rule in layer.include:
        if rule.HasField("phase"):
            return int(rule.phase)
    for rule in layer.exclude:
        if rule.HasField("phase"):
            return TRAIN if rule.phase == TEST else TEST
    return default


def _redirect(layer: Any, folder: Any, split: str) -> None:
    layer.data_param.source = str(folder / cache.SOURCES[split])
    layer.data_param.backend = messages.DataParameter.LMDB
    if layer.transform_param.HasField("mean_file"):
        layer.transform_param.mean_file = str(folder / cache.MEAN_FILE)
    if layer.transform_param.HasField("pca_file"):
        layer.transform_param.pca_file = str(folder / cache.PCA_FILE)
