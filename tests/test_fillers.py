"""Fillers against their formulas: moments of many draws, or the exact values."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.blob import Blob
from netproto.errors import ModelError
from netproto.fillers import FILLERS, fans, fill
from netproto.ops.base import Ops
from netproto.random import Stream
from netproto.schema import messages, text

SHAPE = (40, 30, 5, 4)


def filled(body: str, shape: tuple[int, ...] = SHAPE, seed: int = 3, dtype: str = "float32") -> np.ndarray:
    message = text.parse(body, messages.FillerParameter, file="f")
    blob = Blob(shape, Ops(dtype))
    fill(message, blob, Stream(seed, "test").generator())
    return blob.data


def test_the_numbers_are_those_of_float32_in_any_precision() -> None:
    for body in ('type: "gaussian" std: 0.3 mean: 1', 'type: "uniform" min: -1', "value: 0.3"):
        single, double = filled(body), filled(body, dtype="float64")
        assert double.dtype == np.float64
        np.testing.assert_array_equal(single, double)


def test_constant() -> None:
    assert (filled("value: 0.3") == np.float32(0.3)).all()


def test_uniform_covers_its_range() -> None:
    values = filled('type: "uniform" min: -2 max: 3')
    assert values.min() >= -2
    assert values.max() < 3
    assert abs(values.mean() - 0.5) < 0.02
    assert abs(values.std() - 5 / np.sqrt(12)) < 0.02


def test_gaussian_has_its_moments() -> None:
    values = filled('type: "gaussian" mean: 1.5 std: 0.25')
    assert abs(values.mean() - 1.5) < 0.005
    assert abs(values.std() - 0.25) < 0.005


def test_truncated_gaussian_ends_at_two_std() -> None:
    """Its variance is that of a normal distribution cut there: 1 - 4 phi(2) / (Phi(2) - Phi(-2)) = 0.7737 of it."""
    values = filled('type: "truncated_gaussian" mean: 1.5 std: 0.25')
    assert np.abs(values - 1.5).max() <= 0.5
    assert np.abs(values - 1.5).max() > 0.49
    assert values.mean() == pytest.approx(1.5, abs=0.01)
    assert values.std() == pytest.approx(0.25 * 0.7737**0.5, rel=0.02)


def test_sparse_gaussian_keeps_so_many_inputs_of_an_output_on_average() -> None:
    values = filled('type: "gaussian" std: 1 sparse: 8')
    assert abs((values != 0).mean() - 8 / SHAPE[0]) < 0.01


def test_positive_unitball_sums_to_one_over_each_output() -> None:
    values = filled('type: "positive_unitball"')
    np.testing.assert_allclose(values.reshape(SHAPE[0], -1).sum(1), 1, rtol=1e-5)
    assert values.min() >= 0


@pytest.mark.parametrize(("norm", "n"), [("", 30 * 5 * 4), ("variance_norm: FAN_OUT", 40 * 5 * 4), ("variance_norm: AVERAGE", 35 * 5 * 4)])
def test_xavier_and_msra_scale_by_their_fan(norm: str, n: int) -> None:
    xavier, msra = filled(f'type: "xavier" {norm}'), filled(f'type: "msra" {norm}')
    assert abs(xavier).max() <= np.sqrt(3 / n)
    assert abs(xavier).max() > 0.99 * np.sqrt(3 / n)
    assert abs(msra.std() / np.sqrt(2 / n) - 1) < 0.02


def test_fans_of_a_vector_and_a_matrix() -> None:
    assert fans((7, 3)) == (3, 7)
    assert fans((7,)) == (1, 7)


def test_bilinear_is_the_upsampling_kernel() -> None:
    kernel = filled('type: "bilinear"', (2, 3, 4, 4))
    line = np.array([0.25, 0.75, 0.75, 0.25])
    np.testing.assert_allclose(kernel, np.broadcast_to(np.outer(line, line), (2, 3, 4, 4)), rtol=1e-6)
    odd = filled('type: "bilinear"', (1, 1, 3, 3))
    np.testing.assert_allclose(odd[0, 0, 1], np.array([0.5, 1, 0.5]), rtol=1e-6)


def test_draws_depend_on_the_seed_alone() -> None:
    body = 'type: "gaussian" std: 1'
    np.testing.assert_array_equal(filled(body), filled(body))
    assert (filled(body) != filled(body, seed=4)).any()


@pytest.mark.parametrize(
    ("body", "shape", "said"),
    [
        ('type: "xaviar"', SHAPE, "Did you mean 'xavier'"),
        ('type: "xavier" sparse: 3', SHAPE, "cannot be sparse"),
        ('type: "uniform" min: 1 max: 0', SHAPE, "min 1 is above its max 0"),
        ('type: "gaussian" std: -1', SHAPE, "cannot be negative"),
        ('type: "truncated_gaussian" std: -1', SHAPE, "cannot be negative"),
        ('type: "bilinear"', (2, 3, 4, 5), "square kernel"),
    ],
)
def test_what_cannot_be_is_refused(body: str, shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        filled(body, shape)


def test_all_of_caffes_fillers_are_there_and_one_of_ours() -> None:
    assert set(FILLERS) == {"constant", "uniform", "gaussian", "positive_unitball", "xavier", "msra", "bilinear", "truncated_gaussian"}
