"""Changes of colour."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from netproto.data.distort import Distortion, from_hsv, to_hsv
from netproto.errors import DataError
from netproto.schema import messages, text

ALWAYS = 1.1
COLOURS = [[0, 0, 0], [255, 255, 255], [10, 200, 30], [200, 10, 30], [30, 10, 200], [77, 77, 90], [250, 128, 3]]
OPENCVS = [[0, 0, 0], [0, 0, 255], [57, 242, 200], [123, 242, 200], [177, 242, 200], [0, 37, 90], [105, 252, 250]]


def picture(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (5, 7, 3)).astype(np.uint8)


def draws(seed: int = 2) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_hue_saturation_and_value_are_opencvs() -> None:
    assert to_hsv(np.array([COLOURS], np.uint8)).tolist() == [OPENCVS]


def test_back_from_hue_saturation_and_value() -> None:
    hsv = np.random.default_rng(4).integers(0, [180, 256, 256], (9, 11, 3)).astype(np.uint8)
    got = from_hsv(hsv)
    for i, j in np.ndindex(9, 11):
        h, s, v = (float(x) for x in hsv[i, j])
        wanted = [c * 255 for c in colorsys.hsv_to_rgb(h / 180, s / 255, v / 255)][::-1]
        np.testing.assert_allclose(got[i, j], wanted, atol=0.51)


def test_brightness_and_contrast_keep_within_a_byte() -> None:
    image = picture()
    brighter = Distortion(brightness=(ALWAYS, (60.0, 60.0))).apply(image, draws())
    np.testing.assert_array_equal(brighter, np.minimum(image.astype(int) + 60, 255))
    steeper = Distortion(contrast=(ALWAYS, (1.5, 1.5))).apply(image, draws())
    np.testing.assert_array_equal(steeper, np.rint(np.minimum(image * 1.5, 255)))


def test_no_saturation_is_gray() -> None:
    gray = Distortion(saturation=(ALWAYS, (0.0, 0.0))).apply(picture(), draws())
    np.testing.assert_array_equal(gray, np.repeat(picture().max(axis=2, keepdims=True), 3, axis=2))


def test_a_third_of_a_turn_moves_the_channels() -> None:
    red = np.array([[[0, 0, 255]]], np.uint8)
    assert Distortion(hue=(ALWAYS, (60.0, 60.0))).apply(red, draws()).tolist() == [[[0, 255, 0]]]


def test_channels_change_places() -> None:
    image = picture()
    orders = {tuple(Distortion(order=ALWAYS).apply(image, draws(seed))[0, 0].tolist()) for seed in range(40)}
    assert len(orders) == 6
    assert {tuple(sorted(order)) for order in orders} == {tuple(sorted(image[0, 0].tolist()))}


def test_contrast_comes_second_or_fourth() -> None:
    """Contrast before or after saturation gives other colours."""
    rule = Distortion(contrast=(ALWAYS, (1.4, 1.4)), saturation=(ALWAYS, (1.6, 1.6)))
    assert len({rule.apply(picture(), draws(seed)).tobytes() for seed in range(20)}) == 2


def test_nothing_is_drawn_nothing_changes() -> None:
    assert np.array_equal(Distortion().apply(picture(), draws()), picture())


def test_how_often() -> None:
    rule = Distortion(brightness=(0.25, (50.0, 50.0)))
    image = np.zeros((1, 1, 3), np.uint8)
    generator = draws()
    changed = sum(bool(rule.apply(image, generator).any()) for _ in range(2000))
    assert 430 < changed < 570


def test_from_a_message() -> None:
    param = text.parse(
        "brightness_prob: 0.5 brightness_delta: 32 contrast_prob: 0.25 contrast_lower: 0.5 contrast_upper: 1.5"
        " hue_prob: 0.125 hue_delta: 18 saturation_prob: 1 saturation_lower: 0.75 saturation_upper: 2 random_order_prob: 0.5",
        messages.DistortionParameter,
    )
    assert Distortion.of(param) == Distortion((0.5, (-32, 32)), (0.25, (0.5, 1.5)), (1, (0.75, 2)), (0.125, (-18, 18)), 0.5)


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ({"contrast_lower": 2, "contrast_upper": 1}, "contrast_lower is 2 and contrast_upper 1"),
        ({"saturation_lower": -1}, "saturation_lower is -1 and saturation_upper 0"),
        ({"brightness_delta": -3}, "brightness_delta is -3. It is 0 or more"),
    ],
)
def test_ranges_that_are_none(param: dict[str, float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Distortion.of(messages.DistortionParameter(**param))
