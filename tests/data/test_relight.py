"""Principal components of colours, and images relit by them, against loops."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from netproto.data import relight
from netproto.data.relight import ColorSum, Relight
from netproto.data.transform import Transform
from netproto.errors import DataError
from netproto.formats import mean
from netproto.schema import messages

IMAGE = np.random.default_rng(1).integers(0, 256, (3, 7, 11), dtype=np.uint8)
VALUES = np.array([0.5, 0.25, 0.125])
VECTORS = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]])


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = str(tmp_path / "pca.binaryproto")
    relight.save(path, VALUES, VECTORS)
    return path


def transform(train: bool = True, **fields: object) -> Transform:
    return Transform.of(messages.TransformationParameter(**fields), train=train)


def applied(made: Transform, key: int, ordinal: int, image: np.ndarray = IMAGE) -> np.ndarray:
    out = np.full(made.out_shape(image.shape), np.nan, np.float32)
    made.apply(image, out, key=key, ordinal=ordinal)
    return out


def test_components_are_those_of_the_covariance() -> None:
    """Each eigenvector is stretched by its eigenvalue; pixel after pixel, levels from 0 to 1."""
    images = [np.random.default_rng(n).integers(0, 256, (3, 5, 7), dtype=np.uint8) // (n + 1) for n in range(4)]
    sums = ColorSum()
    for image in images:
        sums.add(image)
    pixels = [[image[c, h, w] / 255 for c in range(3)] for image in images for h in range(5) for w in range(7)]
    means = [math.fsum(pixel[c] for pixel in pixels) / len(pixels) for c in range(3)]
    covariance = np.array(
        [[math.fsum((p[a] - means[a]) * (p[b] - means[b]) for p in pixels) / len(pixels) for b in range(3)] for a in range(3)]
    )
    values, vectors = sums.components()
    assert values[0] > values[1] > values[2] > 0
    for value, vector in zip(values, vectors.T, strict=True):
        assert (vector**2).sum() == pytest.approx(1)
        assert vector[np.abs(vector).argmax()] > 0
        np.testing.assert_allclose(covariance @ vector, value * vector, atol=1e-12)


def test_an_image_is_shifted_by_the_components_times_the_draws(file: str) -> None:
    made = transform(pca_file=file, pca_std=0.1)
    shift = (applied(made, 5, 0) - IMAGE)[:, 0, 0]
    np.testing.assert_allclose(applied(made, 5, 0), IMAGE + shift[:, None, None], atol=1e-4)
    draws = VECTORS.T @ shift / (255 * VALUES)
    again = sum(255 * draws[i] * VALUES[i] * VECTORS[:, i] for i in range(3))
    np.testing.assert_allclose(shift, again, rtol=1e-4)
    assert np.abs(draws).max() < 0.5


def test_the_draws_are_normal_and_new_for_each_use(file: str) -> None:
    made = Relight.of(messages.TransformationParameter(pca_file=file, pca_std=0.1))
    assert made is not None
    shifts = np.array([made.shift(3, 5, ordinal)[:, 0, 0] for ordinal in range(4000)])
    draws = shifts @ VECTORS / (255 * VALUES)
    assert draws.mean(axis=0) == pytest.approx(0, abs=0.006)
    assert draws.std(axis=0) == pytest.approx(0.1, rel=0.05)
    np.testing.assert_allclose(np.corrcoef(draws.T), np.eye(3), atol=0.06)
    assert (np.abs(draws) < 0.1).mean() == pytest.approx(0.683, abs=0.02)


def test_the_draws_depend_on_key_and_ordinal_alone(file: str) -> None:
    first, second = transform(pca_file=file), transform(pca_file=file)
    np.testing.assert_array_equal(applied(first, 5, 3), applied(second, 5, 3))
    assert (applied(first, 5, 4) != applied(first, 5, 3)).any()
    assert (applied(first, 6, 3) != applied(first, 5, 3)).any()


def test_crop_and_mirror_are_drawn_as_without(file: str) -> None:
    plain, relit = transform(crop_size=5, mirror=True), transform(crop_size=5, mirror=True, pca_file=file)
    for ordinal in range(4):
        difference = applied(relit, 5, ordinal) - applied(plain, 5, ordinal)
        np.testing.assert_allclose(difference, np.broadcast_to(difference[:, :1, :1], (3, 5, 5)), atol=1e-4)


@pytest.mark.parametrize("means", ["values", "file"])
def test_with_a_mean_and_a_scale(means: str, file: str, tmp_path: Path) -> None:
    places = np.random.default_rng(2).uniform(0, 255, IMAGE.shape).astype(np.float32)
    mean.save(tmp_path / "mean.binaryproto", places)
    fields = {"mean_value": [104.0, 117.5, 123.0]} if means == "values" else {"mean_file": str(tmp_path / "mean.binaryproto")}
    subtracted = np.array([104, 117.5, 123])[:, None, None] if means == "values" else places
    shift = applied(transform(pca_file=file), 5, 0)[:, :1, :1] - IMAGE[:, :1, :1]
    wanted = (IMAGE + shift - subtracted) * 0.25
    np.testing.assert_allclose(applied(transform(pca_file=file, scale=0.25, **fields), 5, 0), wanted, atol=1e-4)


def test_only_in_training(file: str) -> None:
    np.testing.assert_array_equal(applied(transform(train=False, pca_file=file), 5, 0), IMAGE)


def test_what_does_not_fit(file: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="its image has 1 channels, but pca_file has the components of 3"):
        applied(transform(pca_file=file), 5, 0, IMAGE[:1])
    mean.save(tmp_path / "mean.npy", IMAGE)
    with pytest.raises(DataError, match="holds 3 x 7 x 11 numbers, not the principal components"):
        transform(pca_file=str(tmp_path / "mean.npy"))
