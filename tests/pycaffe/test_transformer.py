"""Transformer: what each step does, in which order, and back."""

from __future__ import annotations

import numpy as np
import pytest

import netproto.pycaffe as caffe
from netproto.errors import DataError

SHAPE = (2, 3, 5, 7)


def transformer() -> caffe.io.Transformer:
    made = caffe.io.Transformer({"data": SHAPE})
    made.set_transpose("data", (2, 0, 1))
    return made


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(5).random((5, 7, 3), dtype=np.float32)


def test_the_order_of_the_steps(picture: np.ndarray) -> None:
    t = transformer()
    t.set_channel_swap("data", (2, 0, 1))
    t.set_raw_scale("data", 255)
    t.set_mean("data", np.array([104.0, 117.0, 123.0]))
    t.set_input_scale("data", 0.5)
    before = picture.copy()
    made = t.preprocess("data", picture)
    wanted = np.stack([picture[..., 2] * 255 - 104, picture[..., 0] * 255 - 117, picture[..., 1] * 255 - 123]) * 0.5
    np.testing.assert_allclose(made, wanted, rtol=1e-5, atol=1e-5)
    assert (made.shape, made.dtype) == ((3, 5, 7), np.float32)
    np.testing.assert_array_equal(picture, before)
    back = t.deprocess("data", made[None])
    np.testing.assert_allclose(back, picture, atol=1e-6)
    assert back.dtype == np.float32


def test_a_picture_of_another_size_is_resized(picture: np.ndarray) -> None:
    large = picture.repeat(2, 0)
    np.testing.assert_array_equal(transformer().preprocess("data", large), caffe.io.resize_image(large, (5, 7)).transpose(2, 0, 1))


def test_nothing_asked_for_is_nothing_done(picture: np.ndarray) -> None:
    made = caffe.io.Transformer({"data": (1, 5, 5, 7)}).preprocess("data", picture[:, :, :1])
    np.testing.assert_array_equal(made, picture[:, :, :1])


def test_means(picture: np.ndarray) -> None:
    t = transformer()
    image = np.random.default_rng(7).random((3, 5, 7))
    for mean, wanted in [
        (image, image),
        (image[0], np.broadcast_to(image[0], (3, 5, 7))),
        (image[:, :1, :1], np.broadcast_to(image[:, :1, :1], (3, 5, 7))),
        (image.repeat(2, 1), caffe.io.resize_image(image.repeat(2, 1).transpose(1, 2, 0), (5, 7)).transpose(2, 0, 1)),
    ]:
        t.set_mean("data", mean)
        np.testing.assert_allclose(t.preprocess("data", picture), picture.transpose(2, 0, 1) - wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda t: t.preprocess("dta", np.zeros((5, 7, 3))), r"the net has no input 'dta'\. Did you mean 'data'"),
        (lambda t: t.set_raw_scale("image", 255), r"the net has no input 'image'"),
        (lambda t: t.set_transpose("data", (1, 0)), r"the order \(1, 0\) is not one of the 3 axes"),
        (lambda t: t.set_channel_swap("data", (1, 0)), r"the order \(1, 0\) is not one of the input's 3 channels"),
        (lambda t: t.set_mean("data", np.zeros(5)), r"the mean has the shape \(5, 1, 1\); the input has 3 channels of 5 x 7"),
        (lambda t: t.set_mean("data", np.zeros((1, 3, 5, 7))), r"the mean has the shape \(1, 3, 5, 7\)"),
    ],
)
def test_what_does_not_fit(call, said: str) -> None:
    with pytest.raises(DataError, match=said):
        call(transformer())
