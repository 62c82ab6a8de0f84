"""Detector: class probabilities of windows of pictures, as R-CNN has them. Caffe: python/caffe/detector.py and python/detect.py."""

from __future__ import annotations

import csv
import importlib
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import DataError, Place, did_you_mean
from ..layers.base import TEST
from . import io
from .classifier import transformer_for
from .net import Net, Path

Windows = Iterable[tuple[str, Any]]
"""(picture file, its windows); a window is (ymin, xmin, ymax, xmax)."""

SELECTIVE_SEARCH = "selective_search_ijcv_with_python"
COORDINATES = ("ymin", "xmin", "ymax", "xmax")


class Detector(Net):
    """A net that classifies windows, each warped to the net's input size.

    mean, input_scale, raw_scale, channel_swap: as in io.Transformer. context_pad: how many pixels at each edge of the input show what is
    around the window; where the picture has ended, they show the mean.
    """

    def __init__(
        self,
        model_file: Path,
        pretrained_file: Path,
        mean: np.ndarray | None = None,
        input_scale: float | None = None,
        raw_scale: float | None = None,
        channel_swap: Sequence[int] | None = None,
        context_pad: int | None = None,
    ):
        super().__init__(model_file, TEST, weights=pretrained_file)
        self.transformer = transformer_for(self, mean, input_scale, raw_scale, channel_swap)
        self.configure_crop(context_pad)

    def configure_crop(self, context_pad: int | None) -> None:
        """Set the amount of context, and what a crop shows where the picture has ended: the mean as a picture has it."""
        name = self.inputs[0]
        channels, height, width = self.blobs[name].shape[1:]
        self.crop_dims = np.array((height, width, channels))
        self.context_pad = context_pad or 0
        mean = self.transformer.mean.get(name, np.zeros((channels, 1, 1), np.float32))
        if name in self.transformer.channel_swap:
            mean = mean[np.argsort(self.transformer.channel_swap[name])]
        self.crop_mean = mean.transpose(1, 2, 0) / self.transformer.raw_scale.get(name, 1)

    def detect_windows(self, images_windows: Windows) -> list[dict[str, Any]]:
        """One {window, prediction, filename} for each window of each picture, in their order."""
        wanted = [(os.fspath(path), np.asarray(window).astype(int)) for path, windows in images_windows for window in windows]
        if not wanted:
            return []
        pictures = {path: io.load_image(path) for path in dict.fromkeys(path for path, _ in wanted)}
        name = self.inputs[0]
        data = np.stack([self.transformer.preprocess(name, self.crop(pictures[path], window)) for path, window in wanted])
        predictions = self.forward_all(None, **{name: data})[self.outputs[0]]
        return [{"window": w, "prediction": p, "filename": path} for (path, w), p in zip(wanted, predictions, strict=True)]

    def detect_selective_search(self, image_fnames: Iterable[str]) -> list[dict[str, Any]]:
        """As detect_windows, for the windows that selective search proposes. It is a program of its own, which must be installed."""
        paths = [os.path.abspath(path) for path in image_fnames]
        try:
            search = importlib.import_module(SELECTIVE_SEARCH)
        except ImportError as error:
            hint = f"Put {SELECTIVE_SEARCH} on the Python path, or give windows of your own to detect_windows"
            raise DataError(f"selective search cannot be run: {error}", hint=hint) from error
        return self.detect_windows(zip(paths, search.get_windows(paths, cmd="selective_search_rcnn"), strict=True))

    def crop(self, im: np.ndarray, window: Sequence[int] | np.ndarray) -> np.ndarray:
        """The part of a picture (H, W, K) in a window; with its context, in the net's input size, if context_pad is set.

        Raises DataError for a window outside the picture.
        """
        box = np.asarray(window)
        if not self.context_pad:
            cut = im[box[0] : box[2], box[1] : box[3]]
            _refuse_empty(cut, box, im)
            return cut
        size, channels = self.crop_dims[:2], self.crop_dims[2]
        low, high = self._with_context(box, size)
        scale = size / (high - low + 1)
        pad = np.round(np.maximum(0, -low) * scale).astype(int)
        low, high = (np.clip(corner, 0, im.shape[:2]) for corner in (low, high))
        room = np.minimum(np.round((high - low + 1) * scale).astype(int), size - pad)
        cut = im[low[0] : high[0], low[1] : high[1]]
        _refuse_empty(cut, box, im)
        crop = np.broadcast_to(self.crop_mean, (*size, channels)).astype(np.float32)
        crop[pad[0] : pad[0] + room[0], pad[1] : pad[1] + room[1]] = io.resize_image(cut, room)
        return crop

    def _with_context(self, box: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The corners of a window grown about its centre, so that it fills the input less context_pad at each edge."""
        grown = size / (size - 2.0 * self.context_pad)
        half = (box[2:] - box[:2] + 1) / 2.0
        centre = box[:2] + half
        return np.round(centre - grown * half).astype(int), np.round(centre + grown * half).astype(int)


def _refuse_empty(cut: np.ndarray, window: np.ndarray, im: np.ndarray) -> None:
    if not cut.size:
        said = ", ".join(f"{name} {value}" for name, value in zip(COORDINATES, window, strict=True))
        raise DataError(f"the window {said} has nothing of the picture of {im.shape[0]} x {im.shape[1]}")


def read_windows(path: str | os.PathLike[str]) -> list[tuple[str, np.ndarray]]:
    """The windows in a .csv with the columns filename, ymin, xmin, ymax and xmax, by picture, in the file's order. Raises DataError."""
    place = Place(os.fspath(path))
    windows: dict[str, list[list[int]]] = {}
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            for row in rows:
                windows.setdefault(row["filename"], []).append([round(float(row[name])) for name in COORDINATES])
    except OSError as error:
        raise DataError(f"windows cannot be read: {error.strerror}", place=place) from error
    except KeyError as error:
        hint = did_you_mean(str(error.args[0]), rows.fieldnames or ())
        raise DataError(f"has no column {error.args[0]!r}", place=Place(place.file, 1, 1), hint=hint) from error
    except (TypeError, ValueError) as error:
        raise DataError(f"is no list of windows: {error}", place=Place(place.file, rows.line_num, 1)) from error
    return [(name, np.array(boxes)) for name, boxes in windows.items()]
