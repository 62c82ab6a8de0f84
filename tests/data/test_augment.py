"""Images and boxes that are changed together: each box stays on its object."""

from __future__ import annotations

import numpy as np
import pytest

from netproto.data.augment import Augmentation, Emit, Sampling, cut
from netproto.data.distort import Distortion
from netproto.data.resize import Fit

BOXES = np.array([[3, 0, 0.25, 0.5, 0.5, 0.75, 0], [5, 1, 0.0, 0.0, 0.125, 0.25, 1]], np.float32)


def draws(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def marked(height: int = 40, width: int = 80) -> np.ndarray:
    """A gray image with a white rectangle where the first box is."""
    image = np.full((height, width, 3), 100, np.uint8)
    image[height // 2 : 3 * height // 4, width // 4 : width // 2] = 255
    return image


def where_white(image: np.ndarray) -> list[float]:
    """The box of the white rectangle in parts of the image."""
    rows, columns = np.nonzero(image[:, :, 0] > 200)
    height, width = image.shape[:2]
    return [columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height]


def test_cut_keeps_what_is_inside_in_parts_of_the_window() -> None:
    window = np.array([0.25, 0.25, 0.75, 0.75], np.float32)
    np.testing.assert_allclose(cut(BOXES, window, None), [[3, 0, 0, 0.5, 0.5, 1, 0]])
    assert len(cut(BOXES, np.array([0.5, 0, 1, 1], np.float32), None)) == 0


@pytest.mark.parametrize(("emit", "stays"), [(None, True), (Emit(), False), (Emit(0.25), True), (Emit(0.5), False)])
def test_which_boxes_stay_with_a_piece(emit: Emit | None, stays: bool) -> None:
    """The window holds the left three eighths of the first box's width, not its centre."""
    window = np.array([0.0, 0.5, 0.34375, 1.0], np.float32)
    assert bool(len(cut(BOXES[:1], window, emit))) is stays


@pytest.mark.parametrize("seed", range(5))
def test_a_larger_canvas(seed: int) -> None:
    image, boxes = Augmentation(expand=(1.0, 3.0), fill=(7, 8.6, 9)).apply(marked(), BOXES, draws(seed))
    assert image.shape[0] > 40
    assert image.shape[1] > 80
    assert image[0, 0].tolist() == [7, 9, 9] or image[-1, -1].tolist() == [7, 9, 9]
    np.testing.assert_allclose(boxes[0, 2:6], where_white(image), atol=1e-6)
    assert boxes[:, [0, 1, 6]].tolist() == BOXES[:, [0, 1, 6]].tolist()


def test_the_canvas_is_drawn_by_its_probability() -> None:
    generator = draws(1)
    grown = sum(Augmentation(expand=(0.25, 3.0)).apply(marked(), BOXES, generator)[0].shape[0] > 40 for _ in range(400))
    assert 70 < grown < 130


@pytest.mark.parametrize("seed", range(5))
def test_a_piece(seed: int) -> None:
    rule = Sampling(size=(0.5, 0.9), aspect=(0.5, 2.0), most=1, of_object=(1.0, None))
    image, boxes = Augmentation(samplings=(rule,)).apply(marked(400, 800), BOXES[:1], draws(seed))
    assert image.size < marked(400, 800).size
    np.testing.assert_allclose(boxes[0, 2:6], where_white(image), atol=1 / 90)


def test_no_piece_is_found_the_image_stays() -> None:
    rule = Sampling(size=(0.1, 0.2), trials=5, overlap=(0.99, None))
    image, boxes = Augmentation(samplings=(rule,)).apply(marked(), BOXES, draws(1))
    assert image.shape == (40, 80, 3)
    assert np.array_equal(boxes, BOXES)


def overlap(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    """Intersection over union, over a, over b."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = w * h if w > 0 and h > 0 else 0.0
    areas = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    return common / (sum(areas) - common), common / areas[0], common / areas[1]


@pytest.mark.parametrize("bound", [(0, (0.2, None)), (0, (None, 0.05)), (1, (0.1, 0.4)), (2, (0.5, None))])
def test_pieces_meet_their_bounds(bound: tuple[int, tuple[float | None, float | None]]) -> None:
    which, (low, high) = bound
    rule = Sampling(size=(0.3, 1.0), aspect=(0.5, 2.0), trials=200, **{("overlap", "of_piece", "of_object")[which]: (low, high)})
    free = Sampling(size=(0.3, 1.0), aspect=(0.5, 2.0), trials=200).pieces(BOXES, draws(6))
    met = [p for p in free if any((low or 0) <= overlap(p, b[2:6])[which] <= (high if high is not None else 9) for b in BOXES)]
    assert 0 < len(met) < 200
    np.testing.assert_allclose(rule.pieces(BOXES, draws(6)), met)
    assert ((free >= -1e-9) & (free <= 1 + 1e-9)).all()


def test_at_most_so_many_pieces() -> None:
    assert len(Sampling(size=(0.3, 0.5), trials=50, most=3).pieces(BOXES, draws(1))) == 3
    assert len(Sampling(trials=50).pieces(BOXES[:0], draws(1))) == 50


@pytest.mark.parametrize("seed", range(8))
def test_jitter_takes_a_part_off(seed: int) -> None:
    image, boxes = Augmentation(jitter=0.4, fit=None).apply(marked(), BOXES[:1], draws(seed))
    assert 0.6 * 40 - 1 <= image.shape[0] <= 40
    np.testing.assert_allclose(boxes[0, 2:6], where_white(image), atol=1 / 20)


def test_jitter_keeps_the_shape_of_images_that_are_brought_inside() -> None:
    image, _ = Augmentation(jitter=0.4, fit=Fit(20, 20, inside=True)).apply(marked(), BOXES[:1], draws(3))
    assert image.shape == (20, 20, 3)


def test_one_size_for_all() -> None:
    rule = Augmentation(distortion=Distortion(), fit=Fit(30, 30))
    image, boxes = rule.apply(marked(), BOXES, draws(1))
    assert rule.size(40, 80) == (30, 30)
    np.testing.assert_allclose(boxes, BOXES)
    np.testing.assert_allclose(boxes[0, 2:6], where_white(image), atol=1 / 15)
    assert Augmentation().size(40, 80) == (40, 80)
