"""Images in other sizes: OpenCV's values, and sizes that are drawn."""

from __future__ import annotations

from math import floor, pi, sin
from pathlib import Path

import numpy as np
import pytest

from netproto.data import resize
from netproto.data.resize import Fit, RandomResize, resized
from netproto.data.transform import Transform
from netproto.errors import DataError
from netproto.formats import mean
from netproto.schema import messages, text

GENERATOR = np.random.default_rng(3)


def picture(height: int, width: int) -> np.ndarray:
    return GENERATOR.integers(0, 256, (height, width, 3)).astype(np.uint8)


def cubic(x: float) -> float:
    x = abs(x)
    if x <= 1:
        return 1.25 * x**3 - 2.25 * x**2 + 1
    return -0.75 * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def lanczos(x: float) -> float:
    def sinc(t: float) -> float:
        return 1.0 if t == 0 else sin(pi * t) / (pi * t)

    return sinc(x) * sinc(x / 4) if abs(x) < 4 else 0.0


def along(line: list[float], new: int, how: str, shrinks: bool) -> list[float]:
    """One line in another length, place by place."""
    old = len(line)
    out = []
    for place in range(new):
        if how == "AREA" and shrinks:
            low, high = place * old / new, (place + 1) * old / new
            out.append(sum(v * max(0.0, min(high, i + 1) - max(low, i)) for i, v in enumerate(line)) / (high - low))
            continue
        if how == "AREA":
            first = floor(place * old / new)
            share = max(0.0, place + 1 - (first + 1) * new / old)
            share -= floor(share)
            out.append(line[first] * (1 - share) + line[min(first + 1, old - 1)] * share)
            continue
        centre = (place + 0.5) * old / new - 0.5
        reach, kernel = (2, cubic) if how == "CUBIC" else (4, lanczos)
        taps = range(floor(centre) - reach + 1, floor(centre) + reach + 1)
        shares = [kernel(tap - centre) for tap in taps]
        out.append(sum(s * line[min(max(t, 0), old - 1)] for s, t in zip(shares, taps, strict=True)) / sum(shares))
    return out


@pytest.mark.parametrize("how", ["AREA", "CUBIC", "LANCZOS4"])
@pytest.mark.parametrize("size", [(6, 5), (10, 14), (20, 22), (5, 21)])
def test_each_place_is_a_sum_over_its_neighbours(how: str, size: tuple[int, int]) -> None:
    image = picture(10, 14)
    shrinks = size[0] <= 10 and size[1] <= 14
    wanted = np.zeros((*size, 3))
    for c in range(3):
        rows = [along([float(v) for v in row], size[1], how, shrinks) for row in image[:, :, c]]
        for j in range(size[1]):
            wanted[:, j, c] = along([row[j] for row in rows], size[0], how, shrinks)
    got = resized(image, *size, how)
    assert got.dtype == np.uint8
    np.testing.assert_allclose(got, wanted.clip(0, 255), atol=0.51)


def test_nearest_is_the_place_before() -> None:
    image = picture(5, 7)
    got = resized(image, 8, 3, "NEAREST")
    for i, j in np.ndindex(8, 3):
        assert np.array_equal(got[i, j], image[int(i * 5 / 8), int(j * 7 / 3)])


@pytest.mark.parametrize("how", ["LINEAR", "AREA", "NEAREST", "CUBIC", "LANCZOS4"])
def test_the_same_size_is_the_same_image(how: str) -> None:
    image = picture(5, 7)
    assert resized(image, 5, 7, how) is image


def test_opencvs_values() -> None:
    """A ramp, resized by OpenCV 5.0."""
    ramp = np.arange(0, 240, 40, dtype=np.uint8).reshape(1, 6, 1).repeat(2, axis=0)
    assert resized(ramp, 2, 4, "CUBIC")[0, :, 0].tolist() == CUBIC_RAMP
    assert resized(ramp, 2, 4, "AREA")[0, :, 0].tolist() == AREA_RAMP


CUBIC_RAMP = [8, 68, 132, 192]
AREA_RAMP = [13, 67, 133, 187]


def test_fit_inside_has_borders_on_two_sides() -> None:
    wide = picture(10, 20)
    fit = Fit(height=9, width=12, inside=True, values=(1, 2, 3))
    got = fit.apply(wide, 0.0)
    assert got.shape == (9, 12, 3)
    assert got[0, 0].tolist() == got[8, 11].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(got[1:7], resized(wide, 6, 12))
    np.testing.assert_allclose(
        fit.boxes(np.array([[0, 0, 1, 1], [0.5, 0.25, 2, 0.5]]), 10, 20)[:, [1, 3]], [[1.5 / 9, 7.5 / 9], [3 / 9, 4.5 / 9]]
    )
    high = Fit(height=9, width=12, inside=True, border="edge").apply(picture(20, 10), 0.0)
    np.testing.assert_array_equal(high[:, 0], high[:, 3])
    mirrored = Fit(height=9, width=12, inside=True, border="reflect").apply(picture(20, 10), 0.0)
    np.testing.assert_array_equal(mirrored[:, 3], mirrored[:, 5])


def test_fit_stretched_draws_its_interpolation() -> None:
    image = picture(10, 14)
    fit = Fit(height=6, width=5, how=("LINEAR", "NEAREST"))
    np.testing.assert_array_equal(fit.apply(image, 0.49), resized(image, 6, 5, "LINEAR"))
    np.testing.assert_array_equal(fit.apply(image, 0.51), resized(image, 6, 5, "NEAREST"))
    assert fit.boxes(np.array([[-0.5, 0.25, 0.5, 2]]), 10, 14).tolist() == [[0, 0.25, 0.5, 1]]


@pytest.mark.parametrize(
    ("rule", "draws", "wanted"),
    [
        (RandomResize(side=(20, 30), grow=True), (0.0, 0, 0, 0), (20, 40)),
        (RandomResize(side=(20, 30), grow=True), (0.999, 0, 0, 0), (30, 60)),
        (RandomResize(side=(20, 30)), (0.999, 0, 0, 0), (10, 20)),
        (RandomResize(side=(6, 6), least=7), (0, 0, 0, 0), (7, 12)),
        (RandomResize(vertical=(0.5, 1.5), horizontal=(0.5, 0.7), grow=True), (0, 0, 0.75, 0.5), (13, 12)),
        (RandomResize(ratio=(1, 3), grow=True), (0, 0.25, 0, 0), (10, 15)),
    ],
)
def test_random_sizes(rule: RandomResize, draws: tuple[float, float, float, float], wanted: tuple[int, int]) -> None:
    assert rule.size(10, 20, draws) == wanted


def test_the_longer_side_of_a_square_is_drawn() -> None:
    rule = RandomResize(ratio=(1, 3), grow=True)
    assert rule.size(10, 10, (0, 0.25, 0, 0)) == (20, 10)
    assert rule.size(10, 10, (0, 0.75, 0, 0)) == (10, 20)


def test_up_and_down_have_interpolations_of_their_own() -> None:
    image = picture(10, 14)
    rule = RandomResize(side=(5, 20), grow=True, down="AREA", up="NEAREST")
    np.testing.assert_array_equal(rule.apply(image, (0, 0, 0, 0)), resized(image, 5, 7, "AREA"))
    np.testing.assert_array_equal(rule.apply(image, (0.999, 0, 0, 0)), resized(image, 20, 28, "NEAREST"))


def test_an_image_too_small_for_its_window() -> None:
    with pytest.raises(DataError, match="its image is smaller than crop_size, 12"):
        resize.resized_planes(RandomResize(side=(10, 10), least=12), picture(10, 14).transpose(2, 0, 1), (0, 0, 0, 0))
    with pytest.raises(DataError, match="holds floats"):
        resize.resized_planes(RandomResize(), np.zeros((3, 5, 7), np.float32), (0, 0, 0, 0))


def transformed(param: str, image: np.ndarray, *, train: bool, ordinal: int = 0) -> np.ndarray:
    transform = Transform.of(text.parse(param, messages.TransformationParameter), train=train)
    out = np.empty(transform.out_shape(image.shape), np.float32)
    transform.apply(image, out, key=3, ordinal=ordinal)
    return out


def test_the_transform_takes_a_window_of_an_image_of_random_size(tmp_path: Path) -> None:
    """The mean is that of the middle of the mean image."""
    means = GENERATOR.uniform(0, 200, (3, 9, 11)).astype(np.float32)
    mean.save(tmp_path / "mean.binaryproto", means)
    image = picture(10, 14).transpose(2, 0, 1)
    param = f'img_rand_resize_lower: 5 img_rand_resize_upper: 5 crop_size: 5 mean_file: "{tmp_path}/mean.binaryproto"'
    wanted = resized(image.transpose(1, 2, 0), 5, 7, "AREA").transpose(2, 0, 1)[:, :, 1:6]
    got = transformed(param + " interpolation_algo_down: INTER_AREA", image, train=False)
    np.testing.assert_allclose(got, wanted - means[:, 2:7, 3:8], rtol=1e-6)


def test_sizes_and_windows_differ_from_record_to_record() -> None:
    image = picture(20, 30).transpose(2, 0, 1)
    param = "img_rand_resize_lower: 8 img_rand_resize_upper: 20 vertical_stretch_lower: 0.5 vertical_stretch_upper: 1.5 crop_size: 7"
    seen = {transformed(param, image, train=True, ordinal=i).tobytes() for i in range(20)}
    assert len(seen) > 15
    assert transformed(param, image, train=True).tobytes() == transformed(param, image, train=True).tobytes()


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("img_rand_resize_lower: 8 img_rand_resize_upper: 7 crop_size: 5", "img_rand_resize_lower is 8 and img_rand_resize_upper 7"),
        ("vertical_stretch_lower: 0.5", "images of random sizes want a crop_size"),
        ("vertical_stretch_upper: 0.5 crop_size: 5", "vertical_stretch_lower is 1 and vertical_stretch_upper 0.5"),
    ],
)
def test_random_sizes_that_cannot_be(param: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Transform.of(text.parse(param, messages.TransformationParameter), train=True)


def test_a_mean_smaller_than_the_window(tmp_path: Path) -> None:
    mean.save(tmp_path / "mean.binaryproto", np.zeros((3, 4, 9), np.float32))
    with pytest.raises(DataError, match=r"crop_size is 5, but mean_file .* is 3 x 4 x 9"):
        transformed(f'img_rand_resize_upper: 9 crop_size: 5 mean_file: "{tmp_path}/mean.binaryproto"', picture(9, 9), train=True)
