"""The shipped pictures are the drawn ones, as many of each class."""

from __future__ import annotations

import hashlib
from importlib import resources

import numpy as np
import pytest

from netproto.sample import sheets

DIGESTS = {
    "train": "9bdf48a6c2e0b97ca4753bcb34318fd04579a99d9e6742dc0436ed79052fab6f",
    "test": "7d91e53e3d9d87d24f9e10fc7d89e2b84597836ae83e2ec5f9c51b7fd2c60c74",
}


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_holds_the_pictures_that_were_drawn(split: str) -> None:
    pictures, _ = sheets.load(split)
    assert pictures.shape == (sheets.COUNTS[split], 28, 28)
    assert pictures.dtype == np.uint8
    assert hashlib.sha256(pictures.tobytes()).hexdigest() == DIGESTS[split]


@pytest.mark.parametrize(("split", "each"), [("train", 200), ("test", 50)])
def test_the_ten_classes_have_as_many_pictures(split: str, each: int) -> None:
    _, labels = sheets.load(split)
    assert np.bincount(labels).tolist() == [each] * 10


def test_no_picture_is_there_twice() -> None:
    pictures = np.concatenate([sheets.load("train")[0], sheets.load("test")[0]]).reshape(2500, -1)
    assert len(np.unique(pictures, axis=0)) == 2500


def test_the_labels_are_those_of_the_data_set() -> None:
    """Trousers leave a gap between the legs, shoes are wider than high, coats are not: the rows of a sheet are in the right order."""
    pictures, labels = sheets.load("train")
    height = (pictures > 0).any(axis=2).sum(axis=1)
    width = (pictures > 0).any(axis=1).sum(axis=1)
    name = {c: sheets.CLASSES.index(c) for c in ("Trouser", "Coat", "Sneaker")}
    assert (width - height)[labels == name["Sneaker"]].mean() > 8
    assert (width - height)[labels == name["Trouser"]].mean() < -8
    assert (height > 24)[labels == name["Coat"]].mean() > 0.9


def test_a_sheet_is_read_back_cell_by_cell() -> None:
    pictures = np.arange(100 * 28 * 28).reshape(100, 28, 28)
    sheet = sheets.to_sheet(pictures)
    assert sheet.shape == (2 * 28, 50 * 28)
    assert sheet[28 + 3, 4 * 28 + 5] == pictures[50 + 4, 3, 5]
    assert np.array_equal(sheets.from_sheet(sheet), pictures)


def test_a_shuffle_is_a_function_of_its_seed_alone() -> None:
    order = sheets.shuffled(7, "order")
    assert sorted(order) == list(range(7))
    assert order == sheets.shuffled(7, "order") != sheets.shuffled(7, "another")
    assert order == [4, 3, 0, 6, 1, 5, 2]


def test_the_licence_and_its_notice_lie_beside_the_pictures() -> None:
    text = resources.files("netproto.sample").joinpath("LICENSE.fashion-mnist").read_text("utf-8")
    assert "Copyright (c) 2017 Zalando SE" in text
    assert "Permission is hereby granted, free of charge" in text


def test_the_pictures_take_about_a_megabyte() -> None:
    sizes = [len(resources.files("netproto.sample").joinpath(f"{split}.png").read_bytes()) for split in ("train", "test")]
    assert sum(sizes) < 1_000_000
